/** CloudWatch Logs, as far as a stack sees it: names of log groups are taken once, also by those that a stack left behind. */
export class LogGroups {
  private readonly groups = new Set<string>();

  create(region: string, name: string): void {
    if (this.groups.has(`${region}/${name}`)) throw new Error(`Resource of type 'AWS::Logs::LogGroup' with identifier '{"/properties/LogGroupName":"${name}"}' already exists.`);
    this.groups.add(`${region}/${name}`);
  }

  delete(region: string, name: string): void {
    this.groups.delete(`${region}/${name}`);
  }
}
