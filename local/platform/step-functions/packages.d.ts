/* What we use of two packages that a CommonJS module cannot import with their types. */

declare module 'aws-local-stepfunctions' {
  export class StateMachine {
    constructor(definition: object, options?: { validationOptions?: { noValidate?: boolean } });
    run(input: unknown, options?: {
      context?: object;
      overrides?: { taskResourceLocalHandlers?: Record<string, (input: unknown) => Promise<unknown>> };
    }): { abort(): void; result: Promise<unknown> };
  }
}

declare module 'asl-validator' {
  export default function validate(definition: object): { isValid: boolean; errorsText(separator: string): string };
}
