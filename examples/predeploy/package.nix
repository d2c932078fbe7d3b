# `pkgs.callPackage ./package.nix { lastgood = ./lastgood; }`, that directory being a checkout with its node_modules
# (`npm ci --omit=dev`). Then `environment.systemPackages = [ predeploy-backup ];` and, if the defaults do not fit:
#   environment.etc."lastgood/stages.yaml".source = ./stages.yaml;
#   environment.etc."lastgood/predeploy.env" = { text = "PREDEPLOY_STAGES=/etc/lastgood/stages.yaml\n"; mode = "0600"; };
{ writeShellApplication, bun, coreutils, util-linux, openssh, systemd, lastgood }:

writeShellApplication {
  name = "predeploy-backup";
  runtimeInputs = [ bun coreutils util-linux openssh systemd ];
  text = ''
    exec bun ${lastgood}/scripts/predeploy-backup.ts "$@"
  '';
}
