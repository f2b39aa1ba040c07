import { Controller, Get, Inject, Res } from '@nestjs/common';
import { LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply } from 'fastify';

import { send } from './answer.js';
import { misconfiguredConsentPage } from './error-page.js';

/** Where browsers arrive when no consent app is configured. */
@Controller('oauth2/consent')
export class ConsentPageController {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  @Get()
  page(@Res() reply: FastifyReply): void {
    this.logger.warn('A browser was sent to the default consent page: set CONSENT_URL to the URL of your consent app.');
    send(reply, misconfiguredConsentPage());
  }
}
