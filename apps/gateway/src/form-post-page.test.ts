import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { formPostPage } from './form-post-page.js';

const payloads = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '&quot;`',
];

describe('the page of the response mode form_post', () => {
  const page = formPostPage({
    action: 'https://rp.example/cb?a=1&b="',
    fields: payloads.map((value) => ({ name: 'state', value })),
  });

  it('escapes what it echoes', () => {
    for (const payload of payloads) {
      expect(page.body).not.toContain(payload);
    }
    expect(page.body.match(/<script/g)).toHaveLength(1);
    expect(page.body).not.toMatch(/<(img|svg)/);
  });

  it('runs one script, known by its hash, and needs none', () => {
    const script = /<script>(.*)<\/script>/.exec(page.body)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(page.headers['content-security-policy']).toContain(`script-src 'sha256-${hash}'`);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.body).toContain('<button type="submit">');
  });

  it('is neither cached nor framed', () => {
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});
