/** A format that a block device cannot be filled with as it is. */
export interface ImageFormat {
  readonly name: string;
  /** What turns it into a raw image. */
  readonly conversion: string;
}

/** So many bytes of each end of the image tell every format below. */
export const HEAD_SIZE = 512;
export const TAIL_SIZE = 512;

interface Signature extends ImageFormat {
  readonly at: number;
  /** Counted from the end of the image. */
  readonly fromEnd?: boolean;
  readonly magic: Buffer;
}

const text = (magic: string) => Buffer.from(magic, 'latin1');
const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const qemu = (format: string) => `qemu-img convert -f ${format} -O raw IMAGE IMAGE.raw`;

/**
 * ISO 9660 and squashfs are absent on purpose: they are block devices' contents, and may be seeded as they are. So is everything
 * that begins with a boot sector or a partition table.
 */
const SIGNATURES: readonly Signature[] = [
  { name: 'qcow2', at: 0, magic: bytes('51 46 49 fb'), conversion: qemu('qcow2') },
  { name: 'QED', at: 0, magic: text('QED\0'), conversion: qemu('qed') },
  { name: 'VMDK (sparse extent)', at: 0, magic: text('KDMV'), conversion: qemu('vmdk') },
  { name: 'VMDK (ESX sparse extent)', at: 0, magic: text('COWD'), conversion: qemu('vmdk') },
  { name: 'VMDK (descriptor)', at: 0, magic: text('# Disk DescriptorFile'), conversion: qemu('vmdk') },
  { name: 'VHDX', at: 0, magic: text('vhdxfile'), conversion: qemu('vhdx') },
  { name: 'VHD (dynamic)', at: 0, magic: text('conectix'), conversion: qemu('vpc') },
  { name: 'VHD (fixed)', at: 512, fromEnd: true, magic: text('conectix'), conversion: qemu('vpc') },
  { name: 'VDI', at: 64, magic: bytes('7f 10 da be'), conversion: qemu('vdi') },
  { name: 'Parallels', at: 0, magic: text('WithoutFreeSpace'), conversion: qemu('parallels') },
  { name: 'Parallels (extended)', at: 0, magic: text('WithouFreSpacExt'), conversion: qemu('parallels') },
  { name: 'DMG', at: 512, fromEnd: true, magic: text('koly'), conversion: qemu('dmg') },
  { name: 'Android sparse', at: 0, magic: bytes('3a ff 26 ed'), conversion: 'simg2img IMAGE IMAGE.raw' },
  { name: 'gzip', at: 0, magic: bytes('1f 8b 08'), conversion: 'gunzip -c IMAGE.gz > IMAGE.raw' },
  { name: 'zstd', at: 0, magic: bytes('28 b5 2f fd'), conversion: 'zstd -d IMAGE.zst -o IMAGE.raw' },
  { name: 'xz', at: 0, magic: bytes('fd 37 7a 58 5a 00'), conversion: 'xz -dc IMAGE.xz > IMAGE.raw' },
  { name: 'bzip2', at: 4, magic: bytes('31 41 59 26 53 59'), conversion: 'bunzip2 -c IMAGE.bz2 > IMAGE.raw' },
  { name: 'lz4', at: 0, magic: bytes('04 22 4d 18'), conversion: 'lz4 -d IMAGE.lz4 IMAGE.raw' },
  { name: 'zip', at: 0, magic: bytes('50 4b 03 04'), conversion: 'unzip -p IMAGE.zip > IMAGE.raw' },
  { name: '7-Zip', at: 0, magic: bytes('37 7a bc af 27 1c'), conversion: '7z x -so IMAGE.7z > IMAGE.raw' },
  { name: 'tar or OVA', at: 257, magic: text('ustar'), conversion: 'tar -xf IMAGE, then convert the disk inside' },
];

/** What the image is, if its first and last bytes say that it is not raw. */
export function formatOf(head: Uint8Array, tail: Uint8Array): ImageFormat | undefined {
  return SIGNATURES.find(({ at, fromEnd, magic }) => {
    const from = fromEnd ? tail : head;
    const start = fromEnd ? tail.length - at : at;
    return start >= 0 && magic.equals(from.subarray(start, start + magic.length));
  });
}

export function assertRaw(image: string, head: Uint8Array, tail: Uint8Array): void {
  const format = formatOf(head, tail);
  if (format) {
    throw new Error(`image ${JSON.stringify(image)} is ${format.name}, must be a raw disk image; convert it first: ${format.conversion}`);
  }
}
