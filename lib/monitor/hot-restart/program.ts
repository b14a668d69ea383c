// Resolves the server's command to a program at this moment: a symbolic link may lead to another
// Node than at the start.
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Launch } from '../../system/launch.js';

export function programOf({ command, environment, directory }: Launch): string {
  const [name = ''] = command;
  if (name.includes('/')) return resolve(directory, name);
  const directories = (environment['PATH'] ?? '').split(delimiter);
  const found = directories.map((folder) => join(folder, name)).find(isExecutable);
  return found ?? process.execPath;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
