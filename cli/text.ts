/** Numbers as people read them. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1_024 && unit < units.length - 1; unit++) {
    value /= 1_024;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

export function countText(count: number, noun: string): string {
  return `${String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')} ${noun}${count === 1 ? '' : 's'}`;
}

export function durationText(seconds: number): string {
  if (seconds < 1) {
    return 'less than a second';
  }
  const whole = Math.round(seconds);
  const parts = [[Math.floor(whole / 3_600), 'h'], [Math.floor(whole / 60) % 60, 'min'], [whole % 60, 's']] as const;
  return parts.filter(([value]) => value > 0).slice(0, 2).map(([value, unit]) => `${value} ${unit}`).join(' ');
}

export function dollarsText(dollars: number): string {
  return `$${dollars < 0.1 ? dollars.toFixed(4) : dollars.toFixed(2)}`;
}
