import { Transform, type TransformCallback } from 'node:stream';
import { S3Error } from './error';

const LONGEST_LINE = 4096;

/**
 * Takes the framing of `aws-chunked` off a body, signed or not, and keeps the trailing headers.
 *
 * Signatures of chunks are not looked at, as no signature is here.
 */
export class AwsChunkedDecoder extends Transform {
  public readonly trailers = new Map<string, string>();
  private state: 'size' | 'data' | 'data-end' | 'trailer' | 'done' = 'size';
  private line = '';
  private remaining = 0;

  public override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    try {
      let position = 0;
      while (position < chunk.length && this.state !== 'done') {
        position = this.state === 'data' ? this.takeData(chunk, position) : this.takeLine(chunk, position);
      }
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  public override _flush(callback: TransformCallback): void {
    // Old senders end with the zero chunk and no empty line.
    const complete = this.state === 'done' || (this.state === 'trailer' && this.line === '');
    callback(complete ? null : new S3Error(400, 'IncompleteBody', 'The request body terminated unexpectedly'));
  }

  private takeData(chunk: Buffer, position: number): number {
    const end = Math.min(chunk.length, position + this.remaining);
    this.push(chunk.subarray(position, end));
    this.remaining -= end - position;
    if (this.remaining === 0) {
      this.state = 'data-end';
    }
    return end;
  }

  private takeLine(chunk: Buffer, position: number): number {
    const newline = chunk.indexOf(0x0a, position);
    const end = newline < 0 ? chunk.length : newline + 1;
    this.line += chunk.toString('latin1', position, end);
    if (this.line.length > LONGEST_LINE) {
      throw new S3Error(400, 'InvalidRequest', 'The chunked encoding of the request body is not valid');
    }
    if (newline >= 0) {
      const line = this.line.trimEnd();
      this.line = '';
      this.endOfLine(line);
    }
    return end;
  }

  private endOfLine(line: string): void {
    switch (this.state) {
      case 'size': {
        const [, size] = /^([0-9a-fA-F]{1,8})(;.*)?$/.exec(line) ?? [];
        if (size === undefined) {
          throw new S3Error(400, 'InvalidRequest', 'The chunked encoding of the request body is not valid');
        }
        this.remaining = parseInt(size, 16);
        this.state = this.remaining > 0 ? 'data' : 'trailer';
        return;
      }
      case 'data-end':
        this.state = 'size';
        return;
      case 'trailer':
        if (line === '') {
          this.state = 'done';
        } else {
          const colon = line.indexOf(':');
          this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
        }
        return;
      case 'data':
      case 'done':
        return;
    }
  }
}
