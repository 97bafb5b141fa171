package settings_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/settings"
	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type values struct {
	keepAlive bool
	limit     int
	family    int
	idle      time.Duration
	probe     time.Duration
	folder    string
	password  string
}

func table() *settings.Table[values] {
	return settings.NewTable(
		settings.Bool("KeepAlive", true, func(v *values) *bool { return &v.keepAlive }, "probes"),
		settings.Int("Limit", 10, 1, 100, func(v *values) *int { return &v.limit }, "how many").FrozenBy(108),
		settings.Choice("Family", 0, []string{"IPv4", "", "both"}, func(v *values) *int { return &v.family }, "which"),
		settings.Seconds("Idle", 90*time.Second, func(v *values) *time.Duration { return &v.idle }, "how long"),
		settings.Milliseconds("Probe", 0, func(v *values) *time.Duration { return &v.probe }, "how often"),
		settings.Text("Folder", "in", func(v *values) *string { return &v.folder }, func(s string) error {
			if s == "" {
				return errors.New("must not be empty")
			}
			return nil
		}, "where"),
		settings.Secret("Password", func(v *values) *string { return &v.password }, nil, "who"),
		settings.ReadOnly("BuildInfo", func(*values) string { return "ediport" }, "what"),
		settings.Refused[values]("UseIOCP", "Go chooses how it waits"),
		settings.Custom("Double", "number", "2",
			func(v *values) string { return strconv.Itoa(v.limit * 2) },
			func(v *values, _ string) error { v.limit = 10; return nil }, "twice"),
	)
}

func config(s *settings.Store[values], text string) (string, error) {
	st, err := settings.Parse(text)
	if err != nil {
		return "", err
	}
	return s.Config(st)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text, want string
		code       int
	}{
		{"KeepAlive", "True", 0},
		{"keepalive=No", "False", 0},
		{" KEEPALIVE =1", "True", 0},
		{"KeepAlive=maybe", "", 10022},
		{"Limit=100", "100", 0},
		{"Limit=101", "", 10022},
		{"Limit=ten", "", 10022},
		{"Family=both", "2", 0},
		{"Family=1", "", 10022},
		{"Family=-1", "", 10022},
		{"Idle", "90", 0},
		{"Idle=0.25", "0.25", 0},
		{"Idle=-1", "", 10022},
		{"Idle=NaN", "", 10022},
		{"Idle=1e300", "", 10022},
		{"Probe=1500", "1500", 0},
		{"Folder=a=b ", "a=b ", 0},
		{"Folder=", "", 10022},
		{"Password=SECRET", "******", 0},
		{"BuildInfo", "ediport", 0},
		{"BuildInfo=x", "", 10022},
		{"UseIOCP=True", "", 10045},
		{"UseIOCP", "", 10045},
		{"Unknown", "", 10022},
		{"Unknown=1", "", 10022},
		{"Double", "20", 0},
		{"=1", "", 10022},
		{"Limit[3=1", "", 10022},
	} {
		s := settings.NewStore(table())
		before := *s.Load()
		got, err := config(s, row.text)
		assert.Equal(t, row.code, trap.Code(err), "%s: %v", row.text, err)
		assert.Equal(t, row.want, got, row.text)
		if err != nil {
			assert.Equal(t, before, *s.Load(), "%s changed something", row.text)
		}
	}
}

func TestParseTakesTheIndex(t *testing.T) {
	t.Parallel()
	st, err := settings.Parse("TempPath[ 7 ]=/tmp=x")
	require.NoError(t, err)
	assert.Equal(t, settings.Statement{Name: "TempPath", Index: "7", Indexed: true, Value: "/tmp=x", Assign: true}, st)
}

func TestFrozenRowsChangeOnlyBeforeListening(t *testing.T) {
	t.Parallel()
	s := settings.NewStore(table())
	s.Freeze(true)
	_, err := config(s, "Limit=5")
	assert.ErrorIs(t, err, &trap.Error{Code: 108})
	_, err = config(s, "Idle=5")
	assert.NoError(t, err)
	s.Freeze(false)
	_, err = config(s, "Limit=5")
	assert.NoError(t, err)
}

func TestStoresPart(t *testing.T) {
	t.Parallel()
	server := settings.NewStore(table())
	conn := settings.From(server)
	assert.Same(t, server.Load(), conn.Load())
	_, err := config(conn, "Folder=mine")
	require.NoError(t, err)
	assert.Equal(t, "in", server.Load().folder)
	assert.Equal(t, "mine", conn.Load().folder)

	conn.Update(func(v *values) { v.limit = 42 })
	assert.Equal(t, 42, conn.Load().limit)
	conn.Reset()
	assert.Equal(t, *server.Load(), *conn.Load())
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	s := settings.NewStore(table())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				_, err := config(s, "Limit="+strconv.Itoa(i+1))
				assert.NoError(t, err)
				assert.NotZero(t, s.Load().limit)
			}
		})
	}
	wg.Wait()
}

func TestRowsTellPeople(t *testing.T) {
	t.Parallel()
	access := map[string]string{}
	for _, row := range table().Rows() {
		access[row.Name] = row.Access()
		assert.NotEmpty(t, row.Doc)
	}
	assert.Equal(t, "read, write before listening", access["Limit"])
	assert.Equal(t, "read", access["BuildInfo"])
	assert.Equal(t, "refused", access["UseIOCP"])
	assert.Equal(t, "read, write", access["Idle"])
}

func TestTwoRowsOfOneNameAreAMistake(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() {
		settings.NewTable(settings.Refused[values]("A", "x"), settings.Refused[values]("a", "y"))
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"A", "A=1", "A[1]=2", "A[", "=", "[]=", "A[]]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := settings.NewStore(table())
		_, _ = config(s, text)
	})
}
