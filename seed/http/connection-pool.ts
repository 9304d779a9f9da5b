import { Connection, type Timeouts } from './connection';
import type { Origin } from './origin';

/** Keeps connections for the next request. There are never more than there were requests at a time. */
export class ConnectionPool {
  private readonly resting: Connection[] = [];
  private readonly connections = new Set<Connection>();
  private session: Buffer | undefined;

  constructor(private readonly origin: Origin, private readonly timeouts: Timeouts) {}

  /** The one that rested shortest is the least likely to be closed at this moment. */
  take(): Connection {
    for (let connection = this.resting.pop(); connection !== undefined; connection = this.resting.pop()) {
      if (connection.isReusable(Date.now())) {
        return connection;
      }
      this.drop(connection);
    }
    const connection = new Connection(this.origin, this.timeouts, this.session, (session) => {
      this.session = session;
    });
    this.connections.add(connection);
    return connection;
  }

  giveBack(connection: Connection): void {
    if (connection.isReusable(Date.now())) {
      this.resting.push(connection);
    } else {
      this.drop(connection);
    }
  }

  close(): void {
    for (const connection of this.connections) {
      this.drop(connection);
    }
    this.resting.length = 0;
  }

  private drop(connection: Connection): void {
    this.connections.delete(connection);
    connection.destroy(new Error('the transport was closed'));
  }
}
