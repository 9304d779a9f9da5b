import { Component, type awscdk } from 'projen';

/**
 * What runs outside the CDK app is bundled by esbuild, with its SDK clients, before the library is compiled:
 * the handlers (the constructs find them as `assets/lambda/...`), the command line with the local services,
 * and the local platform, which serves the demo and the tests only and is not published.
 */
export class Bundles extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);

    // The oldest Node that the repository supports; Lambda runs a newer one.
    // The SDK's ES modules shake down to half of what its CommonJS files weigh.
    const bundle = { target: 'node20', platform: 'node', watchTask: false, esbuildArgs: { '--main-fields': 'module,main' } };
    const minified = { ...bundle, minify: true };

    project.bundler.addBundle('lambda/index.ts', minified);
    project.bundler.addBundle('lambda/activation-key/index.ts', minified);
    project.bundler.addBundle('lambda/seed/index.ts', minified);
    project.bundler.addBundle('cli/index.ts', minified);
    project.bundler.addBundle('local/platform/index.ts', bundle);

    project.addGitIgnore('/assets/');
    project.addPackageIgnore('/assets/local/');
  }
}
