export const USAGE = `Usage: cdk-storage-gateway COMMAND ...

  seed IMAGE    Make an EBS snapshot of a disk image, block by block. The same command goes on after any interruption.
                IMAGE is a file, a block device, s3://BUCKET/KEY[?versionId=ID], or - for standard input; files may be .gz or .zst.
      --description TEXT            of the snapshot
      --tag KEY=VALUE               of the snapshot, repeatable
      --volume-size GIB             the image's own size, rounded up, unless said otherwise
      --kms-key ARN                 encrypt with this key
      --zero-blocks write|omit      leave blocks of zeros out; refused for what will be encrypted. Default: write
      --parent SNAPSHOT             put only the blocks that differ from it
      --verify none|sample|full     read back after completion. Default: sample; none with --no-wait
      --no-wait                     do not wait for completion
      --workers N                   blocks in flight. Default: 64
      --rate N                      puts per second. Default: 1000, the service's quota
      --price put|get|list=USD      for 1,000 requests, for the estimate
      --dry-run                     count blocks, zeros, dollars and time; start nothing
      --journal DIR                 Default: $XDG_STATE_HOME/cdk-storage-gateway, else ~/.local/state/cdk-storage-gateway
      --restart                     give an unfinished seed of this image up, delete its snapshot, and begin again
      --json                        one object on standard output, with snapshotId

  verify SNAPSHOT IMAGE   Compare a snapshot with an image, block by block.
      --workers N, --rate N, --volume-size GIB, --json

  read SNAPSHOT FILE      Write a snapshot into a file, with holes where it holds zeros or nothing. The same command goes on.
      --workers N, --rate N, --journal DIR, --restart, --json

  local   Run AWS Storage Gateway, the EBS direct APIs and what belongs to them on one port of this machine.
      --port N                the port; a free one where it is 0 or absent
      --data DIR              keep the state in this directory; what was acknowledged survives every end of the process
      --restart-seconds N     how long an appliance is out of reach after its activation; 0 unless said otherwise

Endpoints, Region and credentials come from AWS's own environment variables and files.
Exit codes: 0 done, 1 failed and nothing is pending, 2 wrong usage, 3 refused before anything was started, 4 verification differs,
5 stopped and resumable, 130 interrupted.
`;
