/** As package.json has it, which lies outside of what is compiled; a test compares them. */
export const VERSION = "1.0.0";
