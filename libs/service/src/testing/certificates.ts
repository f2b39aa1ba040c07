import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export type TestName = { readonly type: 'dns' | 'url' | 'ip'; readonly value: string };
export type TestCertificate = { readonly cert: string; readonly key: string };
export type TestAuthority = {
  readonly ca: string;
  /** A certificate for localhost and the given names, for servers and clients. */
  issue(names: readonly TestName[], validity?: { readonly notAfter?: Date }): Promise<TestCertificate>;
  /** The certificate of a service: `spiffe://castellan/<name>`. */
  issueService(name: string): Promise<TestCertificate>;
};

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** A certification authority that lives as long as the test. */
export async function createTestAuthority(): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const notBefore = new Date(Date.now() - 86_400_000);
  const dayAfter = new Date(Date.now() + 86_400_000);
  const root: X509Certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=test authority',
      notBefore,
      notAfter: dayAfter,
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    },
    crypto,
  );
  let serial = 1;

  async function issue(
    names: readonly TestName[],
    validity: { readonly notAfter?: Date } = {},
  ): Promise<TestCertificate> {
    const own = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    serial += 1;
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: serial.toString(16).padStart(4, '0'),
        subject: 'CN=test',
        issuer: root.subject,
        notBefore,
        notAfter: validity.notAfter ?? dayAfter,
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
          new SubjectAlternativeNameExtension([
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
            ...names,
          ]),
        ],
      },
      crypto,
    );
    return { cert: certificate.toString('pem'), key: await exportKey(own.privateKey as webcrypto.CryptoKey) };
  }

  return {
    ca: root.toString('pem'),
    issue,
    issueService: (name) => issue([{ type: 'url', value: `spiffe://castellan/${name}` }]),
  };
}
