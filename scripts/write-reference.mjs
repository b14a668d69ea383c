// Writes docs/configuration.md from the table of options, the list of hooks and their JSDoc, as the
// build has them. With --print it goes to standard output instead.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { hooks } from '../dist/lib/api/hooks.js';
import { options, port } from '../dist/lib/api/options.js';

const interfaceFile = fileURLToPath(new URL('../dist/lib/index.d.ts', import.meta.url));
const page = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

const program = ts.createProgram([interfaceFile], {
  strict: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
});
const checker = program.getTypeChecker();

/** The properties of Config, by name. */
function configProperties() {
  const source = program.getSourceFile(interfaceFile);
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  const config = exported.find(({ name }) => name === 'Config');
  return propertiesOf(checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(config)));
}

/** Those of the objects in a type: of any member of a union, or of the items of a list. */
function propertiesOf(type) {
  const found = new Map();
  for (const part of type.isUnion() ? type.types : [type]) {
    const item = checker.isArrayType(part) ? checker.getTypeArguments(part)[0] : undefined;
    if (item) for (const [name, symbol] of propertiesOf(item)) found.set(name, symbol);
    else if (part.flags & ts.TypeFlags.Object)
      for (const symbol of checker.getPropertiesOfType(part)) found.set(symbol.name, symbol);
  }
  return found;
}

const prose = (symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker));

const tags = (symbol, name) =>
  symbol
    .getJsDocTags(checker)
    .filter((tag) => tag.name === name)
    .map((tag) => ts.displayPartsToString(tag.text));

const code = (text) => `\`${text.replaceAll('\n', ' ')}\``;

function groupIn(kind) {
  if (kind.kind === 'group') return kind;
  return 'of' in kind ? groupIn(kind.of) : null;
}

/** The compiler prints a union in the order in which it first met its members, in any file. */
function inOrder(text) {
  const members = text.split(' | ');
  return members.every((member) => /^"[^"]*"$/.test(member)) ? members.sort().join(' | ') : text;
}

function typeText(symbol, kind) {
  if (groupIn(kind)) return objectText(kind, propertiesOf(checker.getTypeOfSymbol(symbol)));
  const text = checker.typeToString(checker.getTypeOfSymbol(symbol));
  return code(inOrder(text.replace(/ \| undefined$/, '')));
}

function objectText(kind, members) {
  switch (kind.kind) {
    case 'orFalse':
      return `${objectText(kind.of, members)} or \`false\``;
    case 'list':
      return `list of ${objectText(kind.of, members)}s`;
    case 'oneOrMore':
      return `${objectText(kind.of, members)}, or a list of them`;
    default:
      return kind.shorthand === null
        ? 'object'
        : `${typeText(members.get(kind.shorthand), kind.members[kind.shorthand].kind)} or object`;
  }
}

function sourcesText({ flag, variables = [] }) {
  const flags = flag ? [`--${flag.name}`, ...(flag.alias ? [`-${flag.alias}`] : [])] : [];
  return [
    ...(flag
      ? [`- Flag: ${flags.map(code).join(', ')}${flag.repeatable ? ', repeatable' : ''}`]
      : []),
    ...(variables.length > 0 ? [`- Environment: ${variables.map(code).join(', then ')}`] : []),
  ];
}

function section(path, symbol, option) {
  const { kind, default: preset, defaultText } = option;
  const [unit] = tags(symbol, 'unit');
  const [written] = tags(symbol, 'default');
  const isPlain = defaultText !== undefined;
  const members = groupIn(kind)?.members ?? {};
  const properties = propertiesOf(checker.getTypeOfSymbol(symbol));
  return [
    `### ${code(path)}`,
    prose(symbol),
    [
      `- Type: ${typeText(symbol, kind)}`,
      ...(unit === undefined ? [] : [`- Unit: ${unit}`]),
      ...(preset === undefined ? ['- Required'] : []),
      ...(written === undefined ? [] : [`- Default: ${isPlain ? written : code(written)}`]),
      ...sourcesText(option),
      ...tags(symbol, 'example').map((example) => `- Example: ${code(example)}`),
    ].join('\n'),
    ...Object.entries(members).flatMap(([name, member]) =>
      section(`${path}.${name}`, properties.get(name), member),
    ),
  ];
}

function hookSection(name, symbol) {
  const type = checker.getTypeOfSymbol(symbol);
  const call = type.types.flatMap((part) => part.getCallSignatures())[0];
  const types = call.parameters.map((each) => checker.typeToString(checker.getTypeOfSymbol(each)));
  return [
    `### ${code(name)}`,
    prose(symbol),
    [
      `- Process: ${hooks[name].runsIn}`,
      `- Arguments: ${types.length > 0 ? types.map(code).join(', ') : 'none'}`,
    ].join('\n'),
  ];
}

const properties = configProperties();
const text = [
  '<!-- Generated by `npm run reference` from lib/api; change the comments there. -->',
  '# Configuration',
  'A configuration is a module, `pitchfork.conf.ts`, `.js` or `.mjs`, with a default export: see ' +
    '[the example](../pitchfork.conf.example.ts). The command line wins over the environment, the ' +
    'environment over the configuration, the configuration over the defaults. Durations are ' +
    "milliseconds or strings such as `'500ms'`, `'20s'` and `'1m'`; paths are relative to the " +
    'configuration file.',
  '## Options',
  ...Object.entries(options).flatMap(([name, option]) =>
    section(name, properties.get(name), option),
  ),
  '### The port alone',
  'Replaces the port of the first TCP address in `listen`. The variable is ignored if there is no ' +
    'such address, or if `--listen` or `PITCHFORK_LISTEN` is given.',
  sourcesText(port).join('\n'),
  '## Hooks',
  'Each is a function or a list of functions, which run in order and may be asynchronous.',
  ...Object.keys(hooks).flatMap((name) => hookSection(name, properties.get(name))),
].join('\n\n');

const pretty = await format(text, { ...(await resolveConfig(page)), parser: 'markdown' });
if (process.argv.includes('--print')) process.stdout.write(pretty);
else writeFileSync(page, pretty);
