# A shim for `node-gyp rebuild`: CMake builds the addon. package.json's "gypfile": false keeps `npm ci` from starting it.
{
  "targets": [
    {
      "target_name": "gptorch",
      "type": "none",
      "actions": [
        {
          "action_name": "bootstrap",
          "message": "Building with cmake through scripts/bootstrap.mjs",
          "inputs": [],
          # Never made, so that the action runs each time; the bootstrap itself knows what is up to date.
          "outputs": ["<(INTERMEDIATE_DIR)/always"],
          "action": ["node", "<(module_root_dir)/scripts/bootstrap.mjs"]
        }
      ]
    }
  ]
}
