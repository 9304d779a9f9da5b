import { progress } from './screen';

/** A line of the CLI about one resource: stack, count, time, status, type, name. */
const EVENT = /^(?<stack>\S+) \|\s*(?<count>[\d/]*) \| [^|]+ \| (?<status>\S+)\s*\| (?<type>\S+)\s*\| (?<rest>.*)$/;

/** Assets that are built and uploaded: several lines for each. */
const ASSET = /: (start|success): /;

/** Passes on what the CLI says, but of the resources only ours and the stack: the functions and roles that serve them are many. */
export function cliProgress(line: string): void {
  const event = EVENT.exec(line.trim())?.groups;
  if (event === undefined) {
    if (!ASSET.test(line)) progress(line);
  } else if (event.type.startsWith('Custom::') || event.type === 'AWS::CloudFormation::Stack') {
    progress(`${event.count.padStart(6)}  ${event.status.padEnd(36)} ${event.rest.replace(/ \([A-Za-z0-9]+\)/, '')}`);
  }
}
