// Something is wrong with what the user wrote: a configuration, an option, an environment variable.
// The message is printable as it is: one line per problem, indented lines only for what belongs to
// the line above (a stack).
export class UserError extends Error {
  override readonly name = 'ConfigError';
}
