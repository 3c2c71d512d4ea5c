import ts from "typescript";

const ENTRY = "lib/index.ts";

/**
 * The options of some of the exported types, in the order in which they are declared.
 *
 * @param types - names, e.g. `HttpOptions`
 * @returns by the type's name: each option's name, and its type, default and meaning as text
 */
export function optionsOf(types) {
  const { options } = ts.getParsedCommandLineOfConfigFile("tsconfig.esm.json", {}, ts.sys);
  const program = ts.createProgram([ENTRY], options);
  const checker = program.getTypeChecker();
  const entry = checker.getSymbolAtLocation(program.getSourceFile(ENTRY));
  const exported = new Map(checker.getExportsOfModule(entry).map((symbol) => [symbol.name, symbol]));
  const rows = (name) => {
    const symbol = exported.get(name);
    if (symbol === undefined) throw new Error(`${ENTRY} exports no type ${name}`);
    const type = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol));
    return checker.getPropertiesOfType(type).map((option) => rowOf(option, checker));
  };
  return new Map(types.map((name) => [name, rows(name)]));
}

function rowOf(option, checker) {
  // A member of a union has a declaration in each of its types: what is said of it stands at the first that says something.
  const declarations = option.declarations.filter((declaration) => ts.getJSDocCommentsAndTags(declaration).length > 0);
  const [documented] = declarations;
  if (documented === undefined) throw new Error(`the option ${option.name} has no comment`);
  const tags = new Map(ts.getJSDocTags(documented).map((tag) => [tag.tagName.text, oneLine(tag.comment)]));
  const isRequired = (option.flags & ts.SymbolFlags.Optional) === 0;
  return {
    name: option.name,
    type: tags.get("unit") ?? wordsOf(declarations, checker),
    byDefault: isRequired ? "required" : (tags.get("defaultValue") ?? ""),
    meaning: oneLine(ts.getJSDocCommentsAndTags(documented)[0].comment),
  };
}

/** A comment's text; what it links to is named. */
function oneLine(comment) {
  return ts
    .getTextOfJSDocComment(comment)
    .replaceAll(/\{@link (\w+)\}/g, "`$1`")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** The type as a reader of a table wants it: `boolean`, `string, list`, `"merge"`, `"replace"`. */
function wordsOf(declarations, checker) {
  const words = new Set(declarations.flatMap(({ type }) => partsOf(type, checker)));
  // May be written for what may be left out.
  words.delete("undefined");
  const isBoolean = words.has("true") && words.has("false");
  return isBoolean ? "boolean" : [...words].join(", ");
}

function partsOf(node, checker) {
  if (ts.isParenthesizedTypeNode(node)) return partsOf(node.type, checker);
  if (ts.isUnionTypeNode(node)) return node.types.flatMap((part) => partsOf(part, checker));
  if (ts.isTypeOperatorNode(node) || ts.isArrayTypeNode(node)) return ["list"];
  if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) return [code(node.getText())];
  if (ts.isFunctionTypeNode(node)) return [code(signature(node, checker))];
  if (ts.isTypeReferenceNode(node)) return referenceParts(node, checker);
  return [node.getText()];
}

/** A type's own name, but an object for what has no name that helps, and of a union its parts. */
function referenceParts(node, checker) {
  const name = node.typeName.getText();
  if (name === "Readonly" || name === "Record") return ["object"];
  const { type } = declarationOf(node, checker);
  return type !== undefined && ts.isUnionTypeNode(type) ? partsOf(type, checker) : [code(name)];
}

function declarationOf({ typeName }, checker) {
  const symbol = checker.getSymbolAtLocation(typeName);
  const isImported = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  return (isImported ? checker.getAliasedSymbol(symbol) : symbol).declarations[0];
}

/** The parameters' names and what is given back, without the promise of it; of an event what it holds. */
function signature({ parameters, type }, checker) {
  if (type.getText() === "void") {
    const { members } = declarationOf(parameters[0].type, checker);
    const names = members.map(({ name, questionToken }) => name.getText() + (questionToken === undefined ? "" : "?"));
    return `({ ${names.join(", ")} }) => void`;
  }
  const result = type
    .getText()
    .replace(/^Awaitable<(.*)>$/, "$1")
    .replace(/^NoInfer<(.*)>$/, "$1")
    .replace(/ \| Promise<.*>$/, "");
  return `(${parameters.map(({ name }) => name.getText()).join(", ")}) => ${result}`;
}

function code(text) {
  return `\`${text}\``;
}
