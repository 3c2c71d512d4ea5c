// The options that src/explain-command.ts starts the command with: in the environment no other user of this machine sees them,
// as on the command line.
export default JSON.parse(process.env["EXPLAIN_OPTIONS"] ?? "{}");
