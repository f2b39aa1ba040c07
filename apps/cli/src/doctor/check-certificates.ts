import { uriNamesOf } from '@castellan/rpc';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type Check, error, type Examination, type Finding, ok, warning } from './finding.js';

/** A pair that a program shows, the authority that must have made it, and what it must name. */
type Pair = {
  readonly check: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly names: (certificate: X509Certificate) => string | undefined;
};

const renew = 'renew it; cert-manager does so by itself, `castellan certs dev` makes new ones for development';

/** Certificates that the program shows: in time, of its key and authority, and of the right name. */
export const checkCertificates: Check = async (examination) => {
  const { env, patient } = examination;
  const issuer = env['ISSUER'] ?? '';
  const pairs: readonly Pair[] = [
    {
      check: 'certificate mTLS',
      cert: env['GRPC_TLS_CERT_PATH'] ?? '',
      key: env['GRPC_TLS_KEY_PATH'] ?? '',
      ca: env['GRPC_TLS_CA_PATH'] ?? '',
      names: (certificate) => refusedPeer(certificate, patient === 'host' ? 'warden' : patient),
    },
    {
      check: 'certificate HTTPS',
      cert: env['HTTPS_TLS_CERT_PATH'] ?? '',
      key: env['HTTPS_TLS_KEY_PATH'] ?? '',
      ca: '',
      names: (certificate) => (URL.canParse(issuer) ? refusedHost(certificate, new URL(issuer).hostname) : undefined),
    },
  ];
  const given = pairs.filter(({ cert, key }) => cert !== '' && key !== '');
  return (await Promise.all(given.map((pair) => checkPair(pair, examination)))).flat();
};

async function checkPair(pair: Pair, { now }: Examination): Promise<readonly Finding[]> {
  const { check } = pair;
  const [cert, key, ca] = await Promise.all([pair.cert, pair.key, pair.ca].map(readPem));
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert ?? '');
    if (!certificate.checkPrivateKey(createPrivateKey(key ?? ''))) {
      return [error(check, 'the key is not that of the certificate', `make ${pair.cert} and ${pair.key} together`)];
    }
  } catch {
    return [
      error(
        check,
        `${pair.cert} and ${pair.key} cannot be read as PEM`,
        'do both files exist, and may this user read them?',
      ),
    ];
  }
  const wrongName = pair.names(certificate);
  return [
    judgeTime(check, certificate, now()),
    ...(wrongName === undefined
      ? []
      : [error(check, wrongName, 'make one that names it, or give this program its own')]),
    ...(pair.ca === '' ? [] : judgeAuthority(check, certificate, ca ?? '', now())),
  ];
}

async function readPem(path: string): Promise<string> {
  return path === '' ? '' : readFile(path, 'utf8').catch(() => '');
}

/** A sixth of its life before it ends, somebody should have renewed it. */
function judgeTime(check: string, certificate: X509Certificate, now: number): Finding {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const until = new Date(to).toISOString().slice(0, 16).replace('T', ' ');
  if (now < from)
    return error(check, `is valid from ${new Date(from).toISOString()} on only`, 'is the clock of this machine right?');
  if (now >= to) return error(check, `ended ${until} UTC`, renew);
  return to - now < (to - from) / 6
    ? warning(check, `ends ${until} UTC`, renew)
    : ok(check, `is valid until ${until} UTC`);
}

function judgeAuthority(check: string, certificate: X509Certificate, bundle: string, now: number): readonly Finding[] {
  const authorities = (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
  const maker = authorities.find((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
  if (maker === undefined) {
    return [
      error(
        check,
        'no authority of GRPC_TLS_CA_PATH made it',
        'the peers trust that file: give all services the same, and certificates of it',
      ),
    ];
  }
  const finding = judgeTime(`${check} CA`, maker, now);
  return finding.status === 'ok' ? [] : [finding];
}

function refusedPeer(certificate: X509Certificate, peer: string): string | undefined {
  const names = uriNamesOf(certificate.subjectAltName ?? '').filter((name) => name.startsWith('spiffe://'));
  const needed = `spiffe://castellan/${peer}`;
  return names.length === 1 && names[0] === needed
    ? undefined
    : `names ${names.length === 0 ? 'no service' : names.join(', ')}, and must name ${needed} alone`;
}

function refusedHost(certificate: X509Certificate, host: string): string | undefined {
  const isNamed = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return isNamed === undefined ? `does not name ${host}, the host of ISSUER` : undefined;
}
