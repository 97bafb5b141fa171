package needs_test

import (
	"os"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
)

// A verdict is a test that remembers how it ended, and goes on.
type verdict struct {
	testing.TB
	skipped, failed bool
}

func (v *verdict) Helper()      {}
func (v *verdict) Skip(...any)  { v.skipped = true }
func (v *verdict) Fatal(...any) { v.failed = true }

func TestWhatIsThere(t *testing.T) {
	t.Parallel()
	v := &verdict{TB: t}
	assert.NotEmpty(t, needs.Program(v, "go"))
	needs.File(v, "needs.go")
	assert.False(t, v.skipped || v.failed)
}

// Not parallel: it sets the environment.
func TestWhatIsMissing(t *testing.T) {
	for _, ci := range []string{"true", "", "false"} {
		t.Setenv("CI", ci)
		for name, ask := range map[string]func(testing.TB){
			"program": func(v testing.TB) { needs.Program(v, "no-such-program-of-ediport") },
			"file":    func(v testing.TB) { needs.File(v, os.DevNull+".none") },
		} {
			v := &verdict{TB: t}
			ask(v)
			assert.Equal(t, ci == "true", v.failed, "%s with CI=%s", name, ci)
			assert.Equal(t, ci != "true", v.skipped, "%s with CI=%s", name, ci)
		}
	}
}
