package oftpwire

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ExampleDescribe() {
	c, err := Parse(Level20, []byte("X5O0055CLIENT              SECRET  04096BNNN064N            \r"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(Describe(c))
	// Output: SSID Level=2.0 Code=O0055CLIENT Password=******** BufferSize=4096 Direction=B Compression=N Restart=N SpecialLogic=N Credit=64 Authentication=N
}

func ExampleParse() {
	c, err := Parse(Level20, []byte("313Y020Start File rejected."))
	if err != nil {
		fmt.Println(err)
		return
	}
	if refused, ok := c.(SFNA); ok {
		fmt.Println(refused.Reason, refused.Retry, refused.Text)
	}
	// Output: 13 true Start File rejected.
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Command{
		"no command":                                   nil,
		"CD":                                           CD{},
		"DATA 3 octets":                                DATA{[]byte("abc")},
		"EFPA ChangeDirection=Y":                       EFPA{true},
		"SFNA Reason=13 Retry=N":                       SFNA{Reason: 13},
		`ESID Reason=4 Text="Wrong\npassword"`:         ESID{4, "Wrong\npassword"},
		`ESID Reason=4 Text="A=\"b\""`:                 ESID{4, `A="b"`},
		"AURP Response=********":                       AURP{[20]byte{1}},
		"AUCH Challenge=(100 octets)":                  AUCH{make([]byte, 100)},
		"EERP Name=A Stamp=202611200831440001 Hash=0a": EERP{Name: "A", Stamp: stamp14, Hash: []byte{10}},
	} {
		assert.Equal(t, want, Describe(c))
	}
	assert.Equal(t, Describe(goldenSSID), Describe(&goldenSSID))
	assert.Equal(t, "DATA 1 octets", Describe(&DATA{[]byte("a")}))
	assert.NotContains(t, Describe(goldenSSID), "CLIPWD")
	assert.Contains(t, DescribeWithSecrets(goldenSSID), "Password=CLIPWD")
	assert.Equal(t, "AURP Response=0100000000000000000000000000000000000000", DescribeWithSecrets(AURP{[20]byte{1}}))
	assert.Contains(t, Describe(ssid(func(c *SSID) { c.Password = "" })), "Password=******** ", "an empty one does not show either")
}

func TestMask(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ from, want string }{
		{ssid20, replaced(ssid20, 27, "********")},
		{ssid20[:30], replaced(ssid20[:30], 27, "***")},
		{ssid20[:20], ssid20[:20]},
		{"S01234567890123456789", "S********************"},
		{"S0123456789", "S**********"},
		{"S01234567890123456789x", "S********************x"},
		{"F00\r", "F00\r"},
		{"X", "X"},
		{"", ""},
	} {
		b := []byte(row.from)
		Mask(b)
		assert.Equal(t, row.want, string(b))
	}
	b, err := goldenSSID.Append(nil, Level20)
	require.NoError(t, err)
	Mask(b)
	assert.NotContains(t, string(b), "CLIPWD")
}
