{
  'targets': [
    {
      'target_name': 'pitchfork',
      'sources': [
        'native/arguments.cc',
        'native/children.cc',
        'native/connections.cc',
        'native/dead-ends.cc',
        'native/descriptors.cc',
        'native/entropy.cc',
        'native/error.cc',
        'native/exec.cc',
        'native/exit.cc',
        'native/fork.cc',
        'native/listeners.cc',
        'native/mappings.cc',
        'native/messages.cc',
        'native/module.cc',
        'native/newborn-descriptors.cc',
        'native/restartable-sequences.cc',
        'native/scripts.cc',
        'native/service-manager.cc',
        'native/take-over.cc',
        'native/v8-pool.cc',
        'native/watchdog.cc',
      ],
      # Node's and V8's headers do not compile cleanly with our warnings: as system headers
      # they are exempt.
      'cflags': ['-isystem', '<(node_root_dir)/include/node'],
      'cflags_cc': [
        '-Wall',
        '-Wextra',
        '-Werror',
        '-fstack-protector-strong',
        '-U_FORTIFY_SOURCE',
        '-D_FORTIFY_SOURCE=2',
        '-fvisibility=hidden',
      ],
      'ldflags': ['-Wl,-z,relro', '-Wl,-z,now'],
    },
  ],
}
