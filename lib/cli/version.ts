/** As package.json has it, which lies outside of what is compiled; a test compares them. */
export const VERSION = "2.0.0";
