import { assertRaw, formatOf, HEAD_SIZE, TAIL_SIZE } from '../../seed/image-format';

const NOTHING = Buffer.alloc(HEAD_SIZE);

function withBytes(at: number, bytes: string | number[]): Buffer {
  const buffer = Buffer.alloc(HEAD_SIZE);
  Buffer.from(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes).copy(buffer, at);
  return buffer;
}

test.each<[string, Buffer, string]>([
  ['qcow2', withBytes(0, 'QFI\xfb'), 'qemu-img convert -f qcow2'],
  ['QED', withBytes(0, 'QED\0'), 'qemu-img convert -f qed'],
  ['VMDK (sparse extent)', withBytes(0, 'KDMV'), 'qemu-img convert -f vmdk'],
  ['VMDK (ESX sparse extent)', withBytes(0, 'COWD'), 'qemu-img convert -f vmdk'],
  ['VMDK (descriptor)', withBytes(0, '# Disk DescriptorFile\nversion=1'), 'qemu-img convert -f vmdk'],
  ['VHDX', withBytes(0, 'vhdxfile'), 'qemu-img convert -f vhdx'],
  ['VHD (dynamic)', withBytes(0, 'conectix'), 'qemu-img convert -f vpc'],
  ['VDI', withBytes(64, [0x7f, 0x10, 0xda, 0xbe]), 'qemu-img convert -f vdi'],
  ['Parallels', withBytes(0, 'WithoutFreeSpace'), 'qemu-img convert -f parallels'],
  ['Parallels (extended)', withBytes(0, 'WithouFreSpacExt'), 'qemu-img convert -f parallels'],
  ['Android sparse', withBytes(0, [0x3a, 0xff, 0x26, 0xed]), 'simg2img'],
  ['gzip', withBytes(0, [0x1f, 0x8b, 0x08]), 'gunzip'],
  ['zstd', withBytes(0, [0x28, 0xb5, 0x2f, 0xfd]), 'zstd -d'],
  ['xz', withBytes(0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), 'xz -dc'],
  ['bzip2', withBytes(0, 'BZh91AY&SY'), 'bunzip2'],
  ['lz4', withBytes(0, [0x04, 0x22, 0x4d, 0x18]), 'lz4 -d'],
  ['zip', withBytes(0, 'PK\x03\x04'), 'unzip'],
  ['7-Zip', withBytes(0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), '7z x'],
  ['tar or OVA', withBytes(257, 'ustar'), 'tar -xf'],
])('%s is refused with the way to convert it', (name, head, conversion) => {
  expect(formatOf(head, NOTHING)?.name).toBe(name);
  expect(() => assertRaw('disk.img', head, NOTHING)).toThrow(`image "disk.img" is ${name}, must be a raw disk image; convert it first: ${conversion}`);
});

test.each<[string, string]>([['VHD (fixed)', 'conectix'], ['DMG', 'koly']])('%s is recognised by its end', (name, magic) => {
  const tail = Buffer.alloc(TAIL_SIZE);
  tail.write(magic, 0, 'latin1');
  expect(formatOf(NOTHING, tail)?.name).toBe(name);
});

test.each<[string, Buffer]>([
  ['zeros', NOTHING],
  ['a boot sector', withBytes(510, [0x55, 0xaa])],
  ['squashfs', withBytes(0, 'hsqs')],
  ['an XFS', withBytes(0, 'XFSB')],
  ['LUKS', withBytes(0, 'LUKS\xba\xbe')],
  ['an image of one byte', Buffer.from([1])],
])('%s is raw', (_, head) => {
  expect(formatOf(head, head)).toBeUndefined();
});
