import { bytesText, durationText } from './text';

/** How far something is. */
export interface Position {
  readonly phase: string;
  /** Blocks, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Blocks that took a request, by which the rate is measured. */
  readonly requests: number;
  readonly retries: number;
  readonly throttles: number;
}

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BLOCK_SIZE = 524_288;
/** Milliseconds between two pictures of the bar, and between two plain lines. */
const REDRAW = 100;
const NEXT_LINE = 10_000;
/** The rate is that of about the last seconds. */
const RATE_OF = 5_000;
const BAR = 24;
/** Columns of a terminal that does not say how many it has. */
const USUAL_WIDTH = 80;

/** A bar on a terminal, a line now and then elsewhere; what is said in between stands above it. */
export class Progress {
  private drawn = '';
  private phase = '';
  private shownAt = 0;
  private readonly marks: { readonly at: number; readonly requests: number }[] = [];
  private latest: Position | undefined;

  constructor(private readonly output: Output = process.stderr, private readonly now: () => number = Date.now) {}

  /** A line that stays. */
  say(line: string): void {
    this.erase();
    this.output.write(`${line}\n`);
    this.draw();
  }

  show(position: Position): void {
    const now = this.now();
    if (position.phase !== this.phase) {
      this.marks.length = 0;
      this.shownAt = 0;
      this.phase = position.phase;
    }
    this.latest = position;
    if (now - this.shownAt < (this.output.isTTY ? REDRAW : NEXT_LINE) && position.done < position.total) {
      return;
    }
    this.shownAt = now;
    this.marks.push({ at: now, requests: position.requests });
    while (this.marks.length > 2 && now - this.marks[1].at > RATE_OF) {
      this.marks.shift();
    }
    if (this.output.isTTY) {
      this.erase();
      this.draw();
    } else {
      this.output.write(`${this.parts(position).join(', ')}\n`);
    }
  }

  /** Leaves the last picture standing. */
  end(): void {
    if (this.drawn !== '') {
      this.output.write('\n');
    }
    this.drawn = '';
    this.latest = undefined;
  }

  private erase(): void {
    if (this.drawn !== '') {
      this.output.write('\r\u001b[2K');
    }
    this.drawn = '';
  }

  private draw(): void {
    if (!this.output.isTTY || this.latest === undefined) {
      return;
    }
    const { done, total } = this.latest;
    const filled = Math.floor((total === 0 ? 1 : done / total) * BAR);
    const width = (this.output.columns || USUAL_WIDTH) - 1;
    const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}] `;
    const parts = this.parts(this.latest);
    // On a narrow terminal the bar goes first, and then blocks and bytes, because the share says the same.
    const texts = [bar + parts.join(', '), ...[0, 1, 2].map((left) => [parts[0], ...parts.slice(1 + left)].join(', '))];
    this.drawn = texts.find(({ length }) => length <= width) ?? texts[3].slice(0, width);
    this.output.write(this.drawn);
  }

  private parts({ phase, done, total, retries, throttles }: Position): string[] {
    const rate = this.rate();
    return [
      `${phase} ${Math.floor(total === 0 ? 100 : (done / total) * 100)} %`,
      `${done}/${total} blocks`,
      `${bytesText(done * BLOCK_SIZE)}`,
      ...(rate > 0 ? [`${Math.round(rate)} blocks/s (${bytesText(rate * BLOCK_SIZE)}/s)`] : []),
      ...(throttles > 0 ? [`${throttles} throttled`] : []),
      ...(retries > throttles ? [`${retries - throttles} retried`] : []),
      ...(rate > 0 && done < total ? [`${durationText((total - done) / rate)} left`] : []),
    ];
  }

  private rate(): number {
    const first = this.marks[0];
    const last = this.marks.at(-1);
    return first && last && last.at > first.at ? ((last.requests - first.requests) * 1_000) / (last.at - first.at) : 0;
  }
}
