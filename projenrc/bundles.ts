import { Component, type awscdk } from 'projen';

/**
 * What runs outside the CDK app is bundled by esbuild, with its SDK clients, before the library is compiled:
 * the handlers (the constructs find them as `assets/lambda/...`), the command line, the local services,
 * and the local platform, which serves the demo and the tests only and is not published.
 */
export class Bundles extends Component {
  constructor(private readonly library: awscdk.AwsCdkConstructLibrary) {
    super(library);

    this.add('lambda/index', '--minify');
    this.add('lambda/activation-key/index', '--minify');
    this.add('lambda/seed/index', '--minify');
    this.add('cli/index', '--minify');
    this.add('cli/local/index', '--minify');
    this.add('local/platform/index');

    library.addGitIgnore('/assets/');
    library.addPackageIgnore('/assets/local/');
  }

  /** The task is the bundler's, what it runs is ours: esbuild has no option for what `bundle.js` does. */
  private add(entry: string, ...options: string[]): void {
    const { bundleTask, outfile } = this.library.bundler.addBundle(`${entry}.ts`, { target: 'node20', platform: 'node', watchTask: false });
    bundleTask.reset(['node', 'projenrc/bundle.js', `${entry}.ts`, outfile, ...options].join(' '));
  }
}
