import * as fs from 'node:fs';
import * as path from 'node:path';
import { say } from './screen';
import { APP } from './story';

const FILE = path.join(__dirname, '..', '.demo', 'env');

/** Leaves the user in the middle of the story, with what is needed to go on by hand, until the interruption. */
export async function keep(variables: Record<string, string>, interruption: Promise<unknown>): Promise<void> {
  const quoted = (value: string) => `'${value.replaceAll('\'', '\'\\\'\'')}'`;
  const lines = [
    // Anything of a real account would win over what follows, or mix with it.
    'unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN',
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
  ];
  fs.mkdirSync(path.dirname(FILE), { recursive: true });
  fs.writeFileSync(FILE, `${lines.join('\n')}\n`);
  try {
    process.stdout.write(`\n${lines.join('\n')}\n\n`);
    say('the same lines stand in .demo/env; go on in another terminal, for example:');
    say(`  . .demo/env && cd ${path.relative(process.cwd(), APP)} && npx cdk diff`);
    say('Ctrl-C ends everything');
    await interruption;
  } finally {
    fs.rmSync(path.dirname(FILE), { recursive: true });
  }
}
