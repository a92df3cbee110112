import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Property, ProviderInterface } from "./provider-interface.ts";
import { capitalised, InterfaceBuilder, listOf, mapOf, union, withoutArgs } from "./provider-interface.ts";

/**
 * The interface that a provider's npm package declares: read from its .d.ts files, and tokens and secrets from the
 * generated .js next to them.
 * @param folder the package's folder.
 * @param skipped tokens to leave out.
 */
export function npmInterface(folder: string, skipped: ReadonlySet<string>): ProviderInterface {
  const built = new InterfaceBuilder();
  for (const path of scripts(folder)) {
    const script = readFileSync(path, "utf8");
    const types = () => parse(path.replace(/\.js$/, ".d.ts"));
    const resource = /__pulumiType = '([^']+)'/.exec(script)?.[1];
    if (resource?.includes(":") === false) addProvider(built, types(), script);
    else if (resource !== undefined && !skipped.has(resource)) addResource(built, resource, types(), script);
    const invoked = /pulumi\.runtime\.invoke\("([^"]+)"/.exec(script)?.[1];
    if (invoked !== undefined && path.endsWith(`/${lastPart(invoked)}.js`))
      addFunction(built, invoked, types());
  }
  addTypes(built, folder, "input");
  addTypes(built, folder, "output");
  return built.result();
}

/** The generated scripts, types aside. */
function scripts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|types|tests|scripts)\//.test(path.slice(folder.length)))
    .filter((path) => existsSync(path.replace(/\.js$/, ".d.ts")));
}

function parse(path: string): readonly ts.Statement[] {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest).statements;
}

function lastPart(token: string): string {
  return token.slice(token.lastIndexOf(":") + 1);
}

function addProvider(built: InterfaceBuilder, types: readonly ts.Statement[], script: string): void {
  built.addProperties(
    "provider input",
    properties(findInterface(types, "ProviderArgs"), secretInputs(script)),
  );
}

function addResource(built: InterfaceBuilder, token: string, types: readonly ts.Statement[], script: string) {
  const name = lastPart(token);
  const declared = types.filter(ts.isClassDeclaration).find((one) => one.name?.text === name);
  if (declared === undefined) throw new Error(`no class for ${token}`);
  built.add(`resource ${token}`);
  const inputs = properties(findInterface(types, `${name}Args`), secretInputs(script));
  built.addProperties(`resource ${token} input`, inputs);
  built.addProperties(`resource ${token} output`, properties(declared.members, secretOutputs(script)));
  built.addProperties(`resource ${token} state`, properties(findInterface(types, `${name}State`)));
}

function addFunction(built: InterfaceBuilder, token: string, types: readonly ts.Statement[]): void {
  const name = lastPart(token);
  const prefix = capitalised(name);
  built.add(`function ${token}`);
  built.addProperties(`function ${token} argument`, properties(findInterface(types, `${prefix}Args`)));
  built.addProperties(`function ${token} result`, properties(findInterface(types, `${prefix}Result`)));
}

function addTypes(built: InterfaceBuilder, folder: string, direction: "input" | "output"): void {
  const path = join(folder, "types", `${direction}.d.ts`);
  if (!existsSync(path)) return;
  for (const [name, declared] of interfaces(parse(path), "")) {
    const told = direction === "input" ? withoutArgs(name) : name;
    built.addProperties(`type ${direction} ${told}`, properties(declared.members));
  }
}

/** All interfaces with their qualified names, namespaces opened. */
function* interfaces(
  statements: readonly ts.Statement[],
  prefix: string,
): Generator<[string, ts.InterfaceDeclaration]> {
  for (const statement of statements) {
    if (ts.isInterfaceDeclaration(statement)) yield [prefix + statement.name.text, statement];
    if (!ts.isModuleDeclaration(statement) || statement.body === undefined) continue;
    const inner = `${prefix}${statement.name.text}.`;
    if (ts.isModuleBlock(statement.body)) yield* interfaces(statement.body.statements, inner);
  }
}

function findInterface(statements: readonly ts.Statement[], name: string): readonly ts.Node[] {
  return statements.filter(ts.isInterfaceDeclaration).find((one) => one.name.text === name)?.members ?? [];
}

function properties(members: readonly ts.Node[], secrets: ReadonlySet<string> = new Set()) {
  const told = new Map<string, Property>();
  for (const member of members) {
    if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) continue;
    if (member.type === undefined || !("text" in member.name)) continue;
    const name = String(member.name.text);
    const optional = member.questionToken !== undefined || isOptionalOutput(member.type);
    told.set(name, { required: !optional, shape: shapeOf(member.type), secret: secrets.has(name) });
  }
  return told;
}

/** `pulumi.Output<T | undefined>`: how a class says that an output may be missing. */
function isOptionalOutput(type: ts.TypeNode): boolean {
  if (!ts.isTypeReferenceNode(type) || nameOf(type.typeName) !== "pulumi.Output") return false;
  const inner = type.typeArguments?.[0];
  return inner !== undefined && ts.isUnionTypeNode(inner) && inner.types.some(isUndefined);
}

function isUndefined(type: ts.TypeNode): boolean {
  return type.kind === ts.SyntaxKind.UndefinedKeyword;
}

function shapeOf(type: ts.TypeNode): string {
  if (ts.isTypeReferenceNode(type)) return shapeOfReference(type);
  if (ts.isArrayTypeNode(type)) return listOf(shapeOf(type.elementType));
  if (ts.isParenthesizedTypeNode(type)) return shapeOf(type.type);
  if (ts.isUnionTypeNode(type)) return union(type.types.filter((one) => !isUndefined(one)).map(shapeOf));
  if (ts.isTypeLiteralNode(type)) return shapeOfLiteral(type);
  if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal))
    return JSON.stringify(type.literal.text);
  const keyword = ts.tokenToString(type.kind);
  if (keyword === undefined) throw new Error(`no shape for a ${ts.SyntaxKind[type.kind]}`);
  return keyword;
}

function shapeOfLiteral(type: ts.TypeLiteralNode): string {
  const index = type.members.find(ts.isIndexSignatureDeclaration);
  if (index === undefined) throw new Error("no shape for an object type without a name");
  return mapOf(shapeOf(index.type));
}

function shapeOfReference(type: ts.TypeReferenceNode): string {
  const name = nameOf(type.typeName);
  const [first, ...rest] = name.split(".");
  const [inner] = type.typeArguments ?? [];
  if (inner !== undefined && (name === "pulumi.Input" || name === "pulumi.Output")) return shapeOf(inner);
  if (first === "inputs") return withoutArgs(rest.join("."));
  if (first === "outputs") return rest.join(".");
  if (first === "enums") return `enum ${rest.join(".")}`;
  return rest.at(-1) ?? name;
}

function nameOf(name: ts.EntityName): string {
  return ts.isIdentifier(name) ? name.text : `${nameOf(name.left)}.${name.right.text}`;
}

/** Inputs that the constructor turns into secrets. */
function secretInputs(script: string): Set<string> {
  const lines = script.matchAll(/resourceInputs\["(\w+)"\] = .*pulumi\.secret\(/g);
  return new Set([...lines].map((match) => match[1] ?? ""));
}

/** Outputs that the constructor declares as secrets. */
function secretOutputs(script: string): Set<string> {
  const list = /additionalSecretOutputs: (\[[^\]]*\])/.exec(script)?.[1];
  return new Set(list === undefined ? [] : (JSON.parse(list) as string[]));
}
