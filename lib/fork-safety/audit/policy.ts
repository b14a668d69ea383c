// Applies the option `incompatibleModules` to judgements.
import type { Settings } from '../../config/settings.js';
import type { Finding } from '../../protocol/finding.js';
import type { Row } from '../catalogue/row.js';
import type { Judgement } from './judgement.js';

type Incompatible = Settings['incompatibleModules'];

export function applyPolicy(
  judgements: readonly Judgement[],
  { policy, except }: Pick<Incompatible, 'policy' | 'except'>,
): Finding[] {
  return judgements
    .filter(({ by }) => policy !== 'ignore' || by !== 'name')
    .map(({ by, ...finding }) => {
      if (except.includes(finding.subject)) return { ...finding, severity: 'info' };
      // The app knows best: overriding its own word takes an exception by name.
      const lenient = policy !== 'refuse' && by !== 'app' && finding.severity === 'refuse';
      return lenient ? { ...finding, severity: 'warn' } : finding;
    });
}

/** Rows from the configuration; they take precedence over the catalogue. */
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
