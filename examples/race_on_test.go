//go:build race

package examples_test

// The programs are built like the tests: what those need is compiled already
// then, and races in the programs are found, too.
const buildMode = "-race=true"
