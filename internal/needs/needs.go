// Package needs says what a test needs of its machine. What is missing skips the
// test, but fails it where the environment has CI=true: there .ci/run has
// installed everything, and a test that does not run proves nothing.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program that the test runs.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	missing(t, err)
	return path
}

// File makes sure of a file that belongs to a program.
func File(t testing.TB, name string) {
	t.Helper()
	_, err := os.Stat(name)
	missing(t, err)
}

func missing(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal("the test needs it, and .ci/run should have installed it: ", err)
	default:
		t.Skip("the test needs it: ", err)
	}
}
