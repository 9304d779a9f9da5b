import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { HttpRequest, HttpResponse } from '../http';
import { answer } from './api';
import { type FunctionSpecification, LambdaFunction } from './function';
import { RESPONSE_HOST, runtime } from './runtime';

export type { FunctionSpecification };

/** AWS waits one minute, then two. */
const RETRY_DELAYS_MS = [500, 1000];

export interface LambdaServiceOptions {
  /** Holds code and logs; must exist. */
  readonly directory: string;
  /** Endpoint variables for the functions, asked for whenever an environment starts. */
  environment(): Record<string, string>;
}

export interface InvokeResult {
  readonly statusCode: number;
  readonly functionError?: string;
  readonly payload: Buffer;
  readonly requestId: string;
}

export class ResourceNotFound extends Error {}

/** Lambda: functions in Node processes of their own, synchronous and asynchronous invocation, and the API that deployments use. */
export class LambdaService {
  private readonly functions = new Map<string, LambdaFunction>();
  private readonly retired = new Set<LambdaFunction>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly runtimeFile: string;
  private versions = 0;
  private closed = false;

  constructor(private readonly options: LambdaServiceOptions) {
    for (const folder of ['code', 'home', 'logs']) {
      mkdirSync(path.join(options.directory, folder), { recursive: true });
    }
    // Ends Node's search for a package.json, so that no "type": "module" further up makes an ES module of index.js.
    writeFileSync(path.join(options.directory, 'package.json'), '{}');
    this.runtimeFile = path.join(options.directory, 'runtime.js');
    writeFileSync(this.runtimeFile, `(${runtime})(require, ${JSON.stringify(RESPONSE_HOST)});\n`);
  }

  public async createFunction(specification: FunctionSpecification): Promise<void> {
    if (this.functions.has(specification.arn)) {
      throw new Error(`function already exist: ${specification.functionName}`);
    }
    this.functions.set(specification.arn, this.start(specification));
  }

  /** Replaces code and configuration; invocations that were accepted before finish on the old ones. */
  public async updateFunction(specification: FunctionSpecification): Promise<void> {
    const old = this.find(specification.arn);
    this.functions.set(specification.arn, this.start(specification));
    this.retire(old);
  }

  /** Content if there is no such function. */
  public async deleteFunction(nameOrArn: string, region?: string): Promise<void> {
    const found = this.lookUp(nameOrArn, region);
    if (found) {
      this.functions.delete(found.specification.arn);
      this.retire(found);
    }
  }

  public async invoke(nameOrArn: string, payload: Buffer, type: 'RequestResponse' | 'Event', region?: string): Promise<InvokeResult> {
    const { arn } = this.find(nameOrArn, region).specification;
    const requestId = randomUUID();
    if (type === 'Event') {
      this.deliver(arn, requestId, payload.toString(), 0);
      return { statusCode: 202, payload: Buffer.alloc(0), requestId };
    }
    const result = await this.find(arn).invoke({ requestId, arn, payload: payload.toString() || '{}' });
    return { statusCode: 200, functionError: result.error ? 'Unhandled' : undefined, payload: Buffer.from(result.payload), requestId };
  }

  public handle(request: HttpRequest): Promise<HttpResponse> {
    return answer(this, request);
  }

  /** @throws ResourceNotFound */
  public describe(nameOrArn: string, region?: string): FunctionSpecification {
    return this.find(nameOrArn, region).specification;
  }

  /** Kills the environments of every function with this in its name, in the middle of whatever they do. Answers whether there is one. */
  public killWorkers(namePart: string): boolean {
    const meant = [...this.functions.values()].filter(({ specification }) => specification.functionName.includes(namePart));
    meant.forEach((each) => each.killEnvironments());
    return meant.length > 0;
  }

  /** Ends all processes; what is unfinished stays so. */
  public async close(): Promise<void> {
    this.closed = true;
    this.timers.forEach(clearTimeout);
    await Promise.all([...this.functions.values(), ...this.retired].map((each) => each.close()));
  }

  /** An asynchronous invocation that ends in an error is delivered twice more, under the same request id. */
  private deliver(arn: string, requestId: string, payload: string, attempt: number): void {
    const target = this.functions.get(arn);
    if (this.closed || !target) {
      return; // The function is gone, and its events with it.
    }
    void target.invoke({ requestId, arn, payload: payload || '{}' }).then(({ error }) => {
      const delay = RETRY_DELAYS_MS[attempt];
      if (error && delay !== undefined && !this.closed) {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.deliver(arn, requestId, payload, attempt + 1);
        }, delay);
        this.timers.add(timer);
      }
    });
  }

  private start(specification: FunctionSpecification): LambdaFunction {
    if (!/^nodejs\d+\.x$/.test(specification.runtime)) {
      throw new Error(`'Runtime' must be a Node.js runtime here, got ${JSON.stringify(specification.runtime)}`);
    }
    this.versions += 1;
    const at = (...names: string[]) => path.join(this.options.directory, ...names);
    return new LambdaFunction(specification, {
      runtimeFile: this.runtimeFile,
      codeDirectory: at('code', `${specification.functionName}-${this.versions}`),
      homeDirectory: at('home'),
      logFile: at('logs', `${specification.functionName}.log`),
      environment: () => this.options.environment(),
    });
  }

  private retire(old: LambdaFunction): void {
    this.retired.add(old);
    old.retire();
  }

  private find(nameOrArn: string, region?: string): LambdaFunction {
    const found = this.lookUp(nameOrArn, region);
    if (!found) {
      throw new ResourceNotFound(`Function not found: ${nameOrArn}`);
    }
    return found;
  }

  /** By name, or by an ARN with or without qualifier. Only the latest code is kept, so every qualifier means the same. */
  private lookUp(nameOrArn: string, region?: string): LambdaFunction | undefined {
    if (nameOrArn.startsWith('arn:')) {
      return this.functions.get(nameOrArn.split(':').slice(0, 7).join(':'));
    }
    const [name] = nameOrArn.split(':');
    return Array.from(this.functions.values()).find(({ specification }) =>
      specification.functionName === name && (region === undefined || specification.region === region));
  }
}
