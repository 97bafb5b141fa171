package measure

import (
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, Answer("127.0.0.1:7", strings.NewReader("cpu\nfree\ncpu\n"), &out))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	assert.Equal(t, "127.0.0.1:7", lines[0])
	assert.Equal(t, "0", lines[2])
	first, err := strconv.Atoi(lines[1])
	require.NoError(t, err)
	second, err := strconv.Atoi(lines[3])
	require.NoError(t, err)
	assert.LessOrEqual(t, first, second)
}

func TestAnswerRefuses(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, Answer("", strings.NewReader("cpu \n"), io.Discard), `unknown question "cpu "`)

	r, w := io.Pipe()
	require.NoError(t, r.CloseWithError(errDoor))
	assert.ErrorIs(t, Answer("", strings.NewReader(""), w), errDoor, "the parent is gone")
	assert.ErrorIs(t, Answer("", r, io.Discard), io.ErrClosedPipe)
}
