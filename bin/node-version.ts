// Refuses a Node that is too old to load the rest, before it fails with a SyntaxError somewhere in
// it. So this file imports nothing, and its syntax is that of old versions too.

/** The oldest versions in `engines` of package.json: of even majors, from one on that is open. */
const oldest = { major: 20, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
  process.stderr.write(
    `pitchfork-ts: Node ${process.versions.node} is too old: it needs Node ` +
      `${oldest.major}.${oldest.minor} or later (22, 24 and 26 are supported)\n`,
  );
  process.exit(1);
}
