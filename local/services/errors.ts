export interface ErrorDetails {
  /** Storage Gateway's code, which travels nested as `error.errorCode`. */
  readonly errorCode?: string;
  /** The direct API's `Reason`. */
  readonly reason?: string;
}

/** What a service answers instead of a result; the protocol gives it its shape on the wire. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = type;
  }
}

export const unknownOperation = (status: number) => new ServiceError(status, 'UnknownOperationException', '');

export const serialization = (message: string) => new ServiceError(400, 'SerializationException', message);

export const validation = (message: string) => new ServiceError(400, 'ValidationException', message);

export const missingAuthenticationToken = () => new ServiceError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
