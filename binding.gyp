{
  "variables": { "read": "node -p \"const s = require('./native/sources.json');" },
  "target_defaults": {
    "include_dirs": ["native"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-O3"],
    "cflags_cc": ["<!@(<(read) [s.flags, s.hardeningFlags, s.leanFlags].flat().join(' ')\")"],
    "conditions": [["target_arch=='x64'", { "cflags_cc": ["-fcf-protection"] }]]
  },
  "targets": [
    {
      "target_name": "gpuring_core",
      "type": "static_library",
      "sources": ["<!@(<(read) [s.core, s.aggregate, s.distribute, s.nvml].flat().join(' ')\")"]
    },
    {
      "target_name": "gpuring",
      "dependencies": ["gpuring_core"],
      "sources": ["<!@(<(read) [s.rare, s.binding, s.portable].flat().join(' ')\")"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["<!@(<(read) s.addonDefines.join(' ')\")"],
      "cflags_cc": ["<!@(<(read) s.rareFlags.join(' ')\")"],
      "ldflags": [
        "<!@(<(read) s.linkFlags.join(' ')\")",
        "-Wl,--version-script=<(module_root_dir)/native/binding/exports.map"
      ],
      "libraries": ["-ldl", "-pthread"]
    }
  ]
}
