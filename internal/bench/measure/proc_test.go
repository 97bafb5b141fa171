package measure

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// status is a piece of what Linux shows; a tab follows the colon.
const status = "Name:\tserver\nVmPeak:\t 1234568 kB\nVmHWM:\t   20000 kB\nVmRSS:\t   15224 kB\nRssAnon:\t    9000 kB\n"

func TestParseResident(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       int64
		fails      bool
	}{
		{"whole", status, 15224 << 10, false},
		{"last line without its end", "VmRSS:\t1 kB", 1 << 10, false},
		{"a kernel thread has none", "Name:\tkthreadd\nState:\tS\n", 0, true},
		{"empty", "", 0, true},
		{"other unit", "VmRSS:\t1 MB\n", 0, true},
		{"no number", "VmRSS:\t kB\n", 0, true},
		{"negative", "VmRSS:\t-1 kB\n", 0, true},
		{"too large", "VmRSS:\t99999999999999999999 kB\n", 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseResident(test.text)
			if test.fails {
				assert.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestNoSuchProcess(t *testing.T) {
	t.Parallel()
	_, err := residentMemory(-1)
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = descriptors(-1)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestOwnFigures(t *testing.T) {
	t.Parallel()
	before, err := cpuTime()
	require.NoError(t, err)
	after, err := cpuTime()
	require.NoError(t, err)
	assert.LessOrEqual(t, before, after)

	limit, err := DescriptorLimit()
	require.NoError(t, err)
	assert.Greater(t, limit, 10)
}
