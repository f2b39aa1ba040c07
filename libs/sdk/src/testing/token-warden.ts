import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import { wardenV1 } from '@castellan/rpc';
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';

/** A Warden behind TLS that takes access tokens, of which it knows some, and allows everything else. */
export type TokenWarden = {
  readonly target: string;
  readonly ca: string;
  /** Tokens that it takes. */
  readonly known: Set<string>;
  /** Tokens that it was shown. */
  readonly shown: string[];
  close(): void;
};

/** Starts it on a free loopback port. */
export async function startTokenWarden(): Promise<TokenWarden> {
  const { cert, key } = await makeCertificate();
  const known = new Set<string>();
  const shown: string[] = [];
  const server = new Server();
  const decision = { allowed: true, reason: 0, revision: 1 };
  const isKnown = (values: readonly unknown[]): boolean => {
    const token = String(values[0]).replace('Bearer ', '');
    shown.push(token);
    return known.has(token);
  };
  server.addService(wardenV1.WardenService, {
    check(call: ServerUnaryCall<wardenV1.CheckRequest, unknown>, answer: sendUnaryData<unknown>) {
      if (isKnown(call.metadata.get('authorization'))) answer(null, decision);
      else answer({ code: status.UNAUTHENTICATED });
    },
    streamCheck(call: ServerDuplexStream<wardenV1.StreamCheckRequest, wardenV1.StreamCheckResponse>) {
      if (!isKnown(call.metadata.get('authorization'))) {
        call.emit('error', { code: status.UNAUTHENTICATED });
        return;
      }
      call.on('data', ({ id }: wardenV1.StreamCheckRequest) => call.write({ id, decision, goingAway: false }));
      call.on('end', () => call.end());
    },
    checkToken: () => undefined,
    batchCheck: () => undefined,
    explain: () => undefined,
  } as never);
  const credentials = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
  ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { target: `localhost:${port}`, ca: cert, known, shown, close: () => server.forceShutdown() };
}

async function makeCertificate(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=localhost',
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
    },
    crypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey as webcrypto.CryptoKey);
  return { cert: certificate.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY') };
}
