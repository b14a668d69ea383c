// The error of a program that cannot even be loaded: Node opens the files of its modules all at
// once, more than a low limit of descriptors allows.
import { errorCode } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';
import { descriptorsOf } from './descriptors.js';

/** Read while there are some left. */
const limit = descriptorsOf('self')?.limit;

/** With a remedy, if the process ran out of descriptors; any other error unchanged. */
export function explainFewDescriptors(error: unknown): unknown {
  const code = errorCode(error);
  if (code === 'ENFILE') return new UserError('ENFILE: the machine is out of file descriptors');
  if (code !== 'EMFILE') return error;
  return new UserError(
    `out of descriptors${limit === undefined ? '' : ` (limit ${limit})`}: ` +
      'raise LimitNOFILE or ulimit -n, to 1024 or more',
  );
}
