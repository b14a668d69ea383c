// What the configuration makes of a judgement.
import type { Settings } from '../../config/settings.js';
import type { Row } from '../catalogue/row.js';
import type { Finding } from '../../protocol/finding.js';
import type { Judgement } from './match.js';

type Incompatible = Settings['incompatibleModules'];

export function applyPolicy(
  judgements: readonly Judgement[],
  { policy, except }: Pick<Incompatible, 'policy' | 'except'>,
): Finding[] {
  return judgements
    .filter(({ by }) => policy !== 'ignore' || by !== 'name')
    .map(({ by, ...finding }) => {
      if (except.includes(finding.subject)) return { ...finding, severity: 'info' };
      // The app knows itself best: its own word needs an exception by name.
      const lenient = policy !== 'refuse' && by !== 'app' && finding.severity === 'refuse';
      return lenient ? { ...finding, severity: 'warn' } : finding;
    });
}

/** Rows of the configuration. They come first, since the user knows more than the catalogue. */
export function userRows(also: Incompatible['also']): Row[] {
  return also.map(({ name, versions, breaks, remedy, severity }) => ({
    packages: [name],
    versions,
    applies: [{ when: 'loaded' }],
    breaks,
    remedy,
    severity,
    evidence: 'the configuration',
  }));
}
