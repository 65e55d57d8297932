{
  # A door to the one build there is: CMake's, run by set-up. Set-up finds or fetches LibTorch, compiles in build/cmake
  # and puts the addon into build/Release/globalpointer.node.
  "targets": [
    {
      "target_name": "globalpointer_door",
      "type": "none",
      "actions": [
        {
          "action_name": "gp-setup",
          "message": "Building the native addon with CMake",
          "inputs": ["CMakeLists.txt", "scripts/gp-setup.mjs"],
          "outputs": ["build/Release/globalpointer.node"],
          "action": ["node", "scripts/gp-setup.mjs", "--native-only"]
        }
      ]
    }
  ]
}
