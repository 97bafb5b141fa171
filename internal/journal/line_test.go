package journal

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.etcd.io/bbolt"
)

// A fakeStore is an updater over a set of names. Its first transactions fail at
// the end, as many as failures says.
type fakeStore struct {
	names    map[string]bool
	failures int
	runs     int // transactions that were not refused
}

var (
	errTaken = errors.New("the name is taken")
	errDisk  = errors.New("the disk has failed")
)

func (s *fakeStore) update(fn func(*bbolt.Tx) error) (refused, failed error) {
	before := maps.Clone(s.names)
	if err := fn(nil); err != nil {
		s.names = before
		return err, nil
	}
	s.runs++
	if s.failures > 0 {
		s.failures--
		s.names = before
		return nil, errDisk
	}
	return nil, nil
}

// claims are calls that each want a name for themselves.
func (s *fakeStore) claims(names ...string) (calls []*call) {
	for _, name := range names {
		calls = append(calls, &call{done: make(chan struct{}), write: func(*bbolt.Tx) error {
			if s.names[name] {
				return errTaken
			}
			s.names[name] = true
			return nil
		}})
	}
	return calls
}

func TestWriteTogether(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		claims   []string
		failures int
		want     []error
		runs     int
	}{
		"nobody":                           {nil, 0, nil, 0},
		"one":                              {[]string{"a"}, 0, []error{nil}, 1},
		"one that is refused":              {[]string{"old"}, 0, []error{errTaken}, 0},
		"all in one":                       {[]string{"a", "b", "c"}, 0, []error{nil, nil, nil}, 1},
		"all refused":                      {[]string{"old", "old"}, 0, []error{errTaken, errTaken}, 0},
		"the others go on":                 {[]string{"old", "a", "old", "b"}, 0, []error{errTaken, nil, errTaken, nil}, 1},
		"the second of two is a duplicate": {[]string{"a", "a"}, 0, []error{nil, errTaken}, 1},
		"all fail":                         {[]string{"a", "b"}, 1, []error{errDisk, errDisk}, 1},
		// The first claim did not last, so the second is no duplicate: to say
		// so would make its partner believe that the file is here.
		"a duplicate of what has failed": {[]string{"a", "a"}, 1, []error{errDisk, nil}, 2},
		"both fail":                      {[]string{"a", "a"}, 2, []error{errDisk, errDisk}, 2},
	} {
		s := &fakeStore{names: map[string]bool{"old": true}, failures: row.failures}
		calls := s.claims(row.claims...)
		writeTogether(s.update, slices.Clone(calls))
		var got []error
		for _, c := range calls {
			assert.True(t, c.finished(), name)
			got = append(got, c.err)
		}
		assert.Equal(t, row.want, got, name)
		assert.Equal(t, row.runs, s.runs, name)
	}
}
