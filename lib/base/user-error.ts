// The error for mistakes of the user: in a configuration, an option, an environment variable. Its
// message is printed as it is: one line per problem; indented lines, such as a stack, belong to the
// line above.
export class UserError extends Error {
  override readonly name = 'UserError';
}
