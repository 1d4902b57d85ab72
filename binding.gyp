{
  "targets": [
    {
      "target_name": "gpuring",
      "variables": { "read": "node -p \"const s = require('./native/sources.json');" },
      "sources": [
        "<!@(<(read) [s.core, s.aggregate, s.distribute, s.nvml].flat().join(' ')\")",
        "<!@(<(read) [s.binding, s.portable].flat().join(' ')\")"
      ],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["<!@(<(read) s.addonDefines.join(' ')\")"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-O3"],
      "cflags_cc": ["<!@(<(read) [s.flags, s.hardeningFlags].flat().join(' ')\")"],
      "conditions": [["target_arch=='x64'", { "cflags_cc": ["-fcf-protection"] }]],
      "ldflags": [
        "<!@(<(read) s.linkFlags.join(' ')\")",
        "-Wl,--version-script=<(module_root_dir)/native/binding/exports.map"
      ],
      "libraries": ["-ldl", "-pthread"]
    }
  ]
}
