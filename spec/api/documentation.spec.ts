// Goal: an editor documents everything that a user types, and the reference page is current.
// Method: the TypeScript compiler reads the declaration files that users get.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';
import { hooks } from '../../lib/api/hooks.js';
import type { Group, Kind, Option, Options } from '../../lib/api/option-kinds.js';
import { options } from '../../lib/api/options.js';

const library = fileURLToPath(new URL('../../lib/', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));
const interfaceFile = `${library}index.d.ts`;

type Properties = ReadonlyMap<string, ts.Symbol>;

describe('the public interface', function () {
  // The compiler reads all of lib twice, and may have to share the machine.
  this.timeout(180_000);

  let checker: ts.TypeChecker;
  let exported: Map<string, ts.Symbol>;
  let config: Properties;

  before(() => {
    const program = ts.createProgram([interfaceFile], {
      strict: true,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
    });
    checker = program.getTypeChecker();
    const source = program.getSourceFile(interfaceFile);
    const module = source && checker.getSymbolAtLocation(source);
    const symbols = module ? checker.getExportsOfModule(module) : [];
    exported = new Map(symbols.map((symbol) => [symbol.name, checker.getAliasedSymbol(symbol)]));
    config = propertiesOf(typeOf('Config'));
  });

  function typeOf(name: string): ts.Type {
    const symbol = exported.get(name);
    if (!symbol) throw new Error(`${name} is not exported`);
    const isType = (symbol.flags & ts.SymbolFlags.Type) !== 0;
    return isType ? checker.getDeclaredTypeOfSymbol(symbol) : checker.getTypeOfSymbol(symbol);
  }

  /** Properties that this package declares: in any member of a union, or in items of a list. */
  function propertiesOf(type: ts.Type): Map<string, ts.Symbol> {
    const found = new Map<string, ts.Symbol>();
    for (const part of type.isUnion() ? type.types : [type]) {
      const [item] = checker.isArrayType(part) ? argumentsOf(part) : [];
      if (item) for (const [name, symbol] of propertiesOf(item)) found.set(name, symbol);
      else if (part.flags & ts.TypeFlags.Object)
        for (const symbol of checker.getPropertiesOfType(part))
          if (isOurs(symbol)) found.set(symbol.name, symbol);
    }
    return found;
  }

  const argumentsOf = (type: ts.Type): readonly ts.Type[] =>
    checker.getTypeArguments(type as ts.TypeReference);

  const isOurs = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some((each) => each.getSourceFile().fileName.startsWith(library)) ?? false;

  const prose = (symbol: ts.Symbol): string =>
    ts.displayPartsToString(symbol.getDocumentationComment(checker));

  const tag = (symbol: ts.Symbol, name: string): string | undefined => {
    const found = symbol.getJsDocTags(checker).find((each) => each.name === name);
    return found && ts.displayPartsToString(found.text);
  };

  const isDocumented = (symbol: ts.Symbol): boolean =>
    prose(symbol) !== '' || symbol.getJsDocTags(checker).length > 0;

  it('documents each export and each of its properties, nested ones too', () => {
    const mute: string[] = [];
    const seen = new Set<ts.Symbol>();
    const visit = (path: string, symbol: ts.Symbol, type: ts.Type): void => {
      if (seen.has(symbol)) return;
      seen.add(symbol);
      if (!isDocumented(symbol)) mute.push(path);
      for (const [name, property] of propertiesOf(type))
        visit(`${path}.${name}`, property, checker.getTypeOfSymbol(property));
    };
    for (const [name, symbol] of exported) visit(name, symbol, typeOf(name));
    expect(seen.size).to.be.above(100);
    expect(mute).to.deep.equal([]);
  });

  it('exports each type that its signatures mention', () => {
    const known = new Set(exported.values());
    const missing = new Set<string>();
    const seen = new Set<ts.Type>();
    const mention = (type: ts.Type): void => {
      if (seen.has(type)) return;
      seen.add(type);
      const named = type.aliasSymbol ?? type.symbol;
      const isNamed = type.aliasSymbol !== undefined || type.isClassOrInterface();
      if (named && isNamed && isOurs(named) && !known.has(named)) missing.add(named.name);
      if (type.isUnionOrIntersection()) type.types.forEach(mention);
      if (checker.isArrayType(type) || checker.isTupleType(type))
        argumentsOf(type).forEach(mention);
      for (const symbol of propertiesOf(type).values()) mention(checker.getTypeOfSymbol(symbol));
      for (const signature of type.getCallSignatures()) {
        mention(signature.getReturnType());
        for (const each of signature.parameters) mention(checker.getTypeOfSymbol(each));
      }
    };
    for (const name of exported.keys()) mention(typeOf(name));
    expect([...missing]).to.deep.equal([]);
  });

  it('names the default and the unit of each option, as the table has them', () => {
    const wrong: string[] = [];
    const check = (path: string, symbol: ts.Symbol | undefined, option: Option): void => {
      if (!symbol) return void wrong.push(`${path} is not there`);
      const written = tag(symbol, 'default');
      const expected = defaultText(option);
      if (written !== expected) wrong.push(`${path}: @default ${written}, not ${expected}`);
      const unit = unitOf(option.kind);
      if (unit !== undefined && !tag(symbol, 'unit')?.startsWith(unit))
        wrong.push(`${path}: no @unit ${unit}`);
      const members: Options = groupIn(option.kind)?.members ?? {};
      const properties = propertiesOf(checker.getTypeOfSymbol(symbol));
      for (const [name, member] of Object.entries(members))
        check(`${path}.${name}`, properties.get(name), member);
    };
    for (const [name, option] of Object.entries(options)) check(name, config.get(name), option);
    expect(wrong).to.deep.equal([]);
  });

  it('shows the text of each hook, and its process', () => {
    const wrong = Object.entries(hooks).filter(([name, { runsIn }]) => {
      const symbol = config.get(name);
      const where = runsIn === 'new process' ? 'freshly booted process' : runsIn;
      return !symbol || !prose(symbol).startsWith('Runs in') || !prose(symbol).includes(where);
    });
    expect(wrong.map(([name]) => name)).to.deep.equal([]);
  });

  it('has a current reference page (npm run reference)', async () => {
    const args = [`${root}scripts/write-reference.mjs`, '--print'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).to.equal(readFileSync(`${root}docs/configuration.md`, 'utf8'));
  });
});

function defaultText({ kind, default: preset, defaultText: words }: Option): string | undefined {
  if (words !== undefined) return words;
  if (preset === undefined || isDocumentedByItsMembers(kind)) return undefined;
  if (typeof preset === 'number' && kind.kind === 'permissions') return `0o${preset.toString(8)}`;
  return typeof preset === 'string' ? `'${preset}'` : JSON.stringify(preset);
}

/** A plain group: each of its members has a default. */
const isDocumentedByItsMembers = (kind: Kind): boolean =>
  kind.kind === 'group' && kind.shorthand === null;

function groupIn(kind: Kind): Group | null {
  if (kind.kind === 'group') return kind;
  return 'of' in kind ? groupIn(kind.of) : null;
}

function unitOf(kind: Kind): string | undefined {
  if (kind.kind === 'orFalse') return unitOf(kind.of);
  return 'unit' in kind ? kind.unit : undefined;
}
