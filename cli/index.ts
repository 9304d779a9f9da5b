import { runCommand } from './command';
import { readBack } from './read';
import { seed } from './seed';
import { verify } from './verify';

// `local` is a program of its own, because what it holds would be in the memory of every seed.
runCommand({ seed, verify, read: readBack });
