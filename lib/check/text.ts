// The result of a check as text: the findings with their remedies, the trials, the verdict.
import { stripVTControlCharacters } from 'node:util';
import type { Finding } from '../protocol/finding.js';
import type { CheckResult } from './result.js';

const order = ['refuse', 'warn', 'info'] as const;

export function checkText(result: CheckResult): string {
  const findings = order.flatMap((severity) =>
    result.findings.filter((finding) => finding.severity === severity),
  );
  const lines = [
    `${result.app} under Node ${result.node}`,
    ...section('audit', findings.flatMap(findingLines), 'no findings'),
    ...section('connections cut', result.cut, 'none'),
    ...section('forks', forkLines(result), 'not forked'),
    '',
    verdict(result),
    '',
  ];
  return stripVTControlCharacters(lines.join('\n'));
}

function verdict({ safe, failure, findings, trials }: CheckResult): string {
  if (!safe) return `NOT safe to fork: ${failure}`;
  // A request is sent to several forks, with the same answer.
  const requests = trials
    .filter(({ warns }) => warns)
    .map(({ name }) => name.replace(/^.*?: /, ''));
  const warnings =
    findings.filter(({ severity }) => severity === 'warn').length + new Set(requests).size;
  return warnings === 0 ? 'safe to fork' : `safe to fork, but read the warnings (${warnings})`;
}

function section(title: string, lines: readonly string[], empty: string): string[] {
  return ['', `${title}:`, ...(lines.length === 0 ? [empty] : lines).map((line) => `  ${line}`)];
}

function findingLines({
  severity,
  subject,
  version,
  found,
  breaks,
  remedy,
  evidence,
}: Finding): string[] {
  const indent = ' '.repeat(8);
  const rows = [
    ['in a fork', breaks],
    ['remedy', remedy],
    ['evidence', evidence ?? ''],
  ] as const;
  return [
    `${severity.padEnd(8)}${subject}${version === null ? '' : ` ${version}`}: ${found}`,
    ...rows.filter(([, text]) => text !== '').map(([name, text]) => `${indent}${name}: ${text}`),
  ];
}

function forkLines({ forkMs, trials }: CheckResult): string[] {
  if (forkMs === null) return [];
  return [
    `forked in ${forkMs.toFixed(1)} ms`,
    ...trials.map(({ name, ok, warns, detail }) => {
      const mark = !ok ? 'FAILED' : warns ? 'warn' : 'ok';
      return `${mark.padEnd(8)}${name}: ${detail}`;
    }),
  ];
}
