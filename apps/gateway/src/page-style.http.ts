import { Controller, Get, Header } from '@nestjs/common';

import { PAGE_STYLE, PAGE_STYLE_PATH } from './page-style.js';

/** The style of our own pages. */
@Controller()
export class PageStyleController {
  @Get(PAGE_STYLE_PATH)
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'public, max-age=86400')
  style(): string {
    return PAGE_STYLE;
  }
}
