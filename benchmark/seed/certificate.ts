import { execFileSync } from 'node:child_process';
import * as path from 'node:path';

/** Paths of files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate for this machine alone and for this day; undefined where there is no openssl. */
export function throwAwayCertificate(folder: string): Certificate | undefined {
  const certificate = path.join(folder, 'certificate.pem');
  const key = path.join(folder, 'key.pem');
  try {
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', key, '-out', certificate,
    ], { stdio: 'ignore' });
    return { certificate, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
