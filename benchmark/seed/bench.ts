import * as os from 'node:os';
import type { Conduct } from './behaviour';
import type { Certificate } from './certificate';
import type { Coldsnap } from './coldsnap';
import type { Image } from './images';
import { measure, type Command, type Measured } from './measured-process';
import type { ReceiverReport } from './receiver';
import type { ReceiverProcess } from './receiver-process';

export interface Run extends Measured {
  readonly report: ReceiverReport;
  readonly load: number;
}

export interface Pair {
  readonly ours: Run;
  readonly peer: Run;
}

export interface Receivers {
  readonly http: ReceiverProcess;
  /** Absent where no certificate can be made. */
  readonly https?: ReceiverProcess;
}

/** A core that is busy for more than this share cannot take any more. */
const BUSY = 0.9;

/** Everything a row needs to run ours and the peer against the receiver. */
export class Bench {
  constructor(
    readonly folder: string,
    readonly pairs: number,
    readonly receivers: Receivers,
    private readonly certificate: Certificate | undefined,
    /** The command as users have it. */
    private readonly program: string,
    readonly coldsnap: Coldsnap,
  ) {}

  /** Ours; the pacing of the quota stays out of rows that do not measure it. */
  ours(image: string, ...options: string[]): Command {
    return { file: process.execPath, args: [this.program, 'seed', image, '--no-wait', '--verify', 'none', '--workers', '64', '--rate', '4000', ...options] };
  }

  peer(image: string, ...options: string[]): Command {
    return { file: 'file' in this.coldsnap ? this.coldsnap.file : '', args: ['upload', '--no-progress', '--workers', '64', ...options, image] };
  }

  async run(command: Command, conduct: Conduct, receiver = this.receivers.http, options: { readonly mayFail?: boolean } = {}): Promise<Run> {
    await receiver.conduct(conduct);
    const measured = await measure({ ...command, env: this.environment(receiver) });
    const report = await receiver.report();
    if (measured.exitCode !== 0 && !options.mayFail) {
      throw new Error(`${command.file} ${command.args.join(' ')} ended with ${measured.exitCode}: ${measured.stderr}`);
    }
    if (report.wrongDigests > 0) {
      throw new Error(`${command.file} ${command.args.join(' ')} sent ${report.wrongDigests} blocks with wrong digests`);
    }
    return { ...measured, report, load: os.loadavg()[0] };
  }

  /** Ours and the peer by turns, each first as often as the other, so that what else the machine does falls on both. */
  async interleave(ours: Command, peer: Command, conduct: Conduct, receiver = this.receivers.http, pairs = this.pairs): Promise<Pair[]> {
    const measured: Pair[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      if (pair % 2 === 0) {
        const first = await this.run(ours, conduct, receiver);
        measured.push({ ours: first, peer: await this.run(peer, conduct, receiver) });
      } else {
        const first = await this.run(peer, conduct, receiver);
        measured.push({ ours: await this.run(ours, conduct, receiver), peer: first });
      }
    }
    return measured;
  }

  environment(receiver: ReceiverProcess): NodeJS.ProcessEnv {
    return {
      AWS_ENDPOINT_URL: receiver.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'benchmark',
      AWS_SECRET_ACCESS_KEY: 'benchmark',
      AWS_EC2_METADATA_DISABLED: 'true',
      NODE_NO_WARNINGS: '1',
      XDG_STATE_HOME: this.folder,
      ...(receiver === this.receivers.https && this.certificate
        // Node's way and OpenSSL's way to name an authority.
        ? { NODE_EXTRA_CA_CERTS: this.certificate.certificate, SSL_CERT_FILE: this.certificate.certificate } : {}),
    };
  }
}

/** Whether the receiver itself was too slow in any of the runs. */
export function voided(runs: readonly Run[]): string | undefined {
  const busiest = Math.max(...runs.map(coreOf));
  return busiest > BUSY ? `the receiver was busy for ${(busiest * 100).toFixed(0)} % of a core` : undefined;
}

export function conditions(runs: readonly Run[]): string {
  const load = runs.map((run) => run.load);
  return `receiver ${Math.max(...runs.map(coreOf)).toFixed(2)} core, load ${Math.min(...load).toFixed(1)} to ${Math.max(...load).toFixed(1)}`;
}

export function imageOf(image: Image): string {
  return `${(image.sizeInBytes / 2 ** 30).toFixed(0)} GiB`;
}

function coreOf({ report }: Run): number {
  return report.seconds === 0 ? 0 : report.cpuSeconds / report.seconds;
}
