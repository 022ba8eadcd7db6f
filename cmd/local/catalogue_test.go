package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const header = "sku,name,unitPrice,currency,weightGrams,stocked\n"

func TestReadCatalogue(t *testing.T) {
	got, err := readCatalogue(strings.NewReader("\ufeff" + header + "MUG,\"Mug, \"\"blue\"\"\",1250,GBP,350,3\r\n\nFREE,Sticker,0,EUR,0,0\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []product{
		{"MUG", `Mug, "blue"`, 1250, "GBP", 350, 3},
		{"FREE", "Sticker", 0, "EUR", 0, 0},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(product{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadCatalogueRefused(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"empty", "", "line 1: the header sku,name"},
		{"no product", header, "line 2: there is no product"},
		{"other header", "sku,name\n", "line 1: the header is sku,name, want sku,name,unitPrice"},
		{"header in other order", "name,sku,unitPrice,currency,weightGrams,stocked\n", "line 1: the header is"},
		{"too few columns", header + "MUG,Mug,1,GBP,1,1\nPOT,Pot\n", "line 3: 2 columns, want the 6"},
		{"too many columns", header + "MUG,Mug,1,GBP,1,1,1\n", "line 2: 7 columns"},
		{"quote", header + "MUG,\"Mug,1,GBP,1,1\n", "line 2: extraneous or missing"},
		{"bare quote", header + "MUG,M\"ug,1,GBP,1,1\n", "line 2: bare"},
		{"twice", header + "A,Mug,1,GBP,1,1\n\nB,Mug,1,GBP,1,1\nA,Mug,1,GBP,1,1\n", `line 5: sku "A" is on line 2 already`},
		{"after a field of two lines", header + "A,Mug,1,GBP,1,1\nB,\"Mug\nblue\",1,GBP,1,1\n", `line 3: name "Mug\nblue"`},
		{"no sku", header + ",Mug,1,GBP,1,1\n", `line 2: sku ""`},
		{"sku with space", header + "A B,Mug,1,GBP,1,1\n", `sku "A B"`},
		{"sku not ASCII", header + "TÖPF,Mug,1,GBP,1,1\n", `sku "TÖPF"`},
		{"long sku", header + strings.Repeat("A", 65) + ",Mug,1,GBP,1,1\n", "1 to 64 letters"},
		{"no name", header + "A, ,1,GBP,1,1\n", "name"},
		{"name not UTF-8", header + "A,\xff,1,GBP,1,1\n", "name"},
		{"price in pounds", header + "A,Mug,12.50,GBP,1,1\n", `unitPrice "12.50" is not a whole number from 0 to 1000000000000 (minor units: 1250 is 12.50)`},
		{"negative price", header + "A,Mug,-1,GBP,1,1\n", `unitPrice "-1"`},
		{"huge price", header + "A,Mug,1000000000001,GBP,1,1\n", "unitPrice"},
		{"price beyond int64", header + "A,Mug,99999999999999999999,GBP,1,1\n", "unitPrice"},
		{"price with space", header + "A,Mug, 1,GBP,1,1\n", "unitPrice"},
		{"price with sign", header + "A,Mug,+1,GBP,1,1\n", "unitPrice"},
		{"no price", header + "A,Mug,,GBP,1,1\n", "unitPrice"},
		{"currency in small letters", header + "A,Mug,1,gbp,1,1\n", `currency "gbp" is not an ISO 4217 code`},
		{"currency sign", header + "A,Mug,1,£,1,1\n", "currency"},
		{"negative weight", header + "A,Mug,1,GBP,-1,1\n", "weightGrams"},
		{"huge weight", header + "A,Mug,1,GBP,1000000001,1\n", "weightGrams"},
		{"negative stock", header + "A,Mug,1,GBP,1,-1\n", "stocked"},
		{"stock in words", header + "A,Mug,1,GBP,1,many\n", `stocked "many"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readCatalogue(strings.NewReader(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestSampleCatalogue(t *testing.T) {
	products, err := loadCatalogue("")
	if err != nil {
		t.Fatal(err)
	}
	stocked := map[int64]int{}
	for _, p := range products {
		stocked[min(p.stocked, 2)]++
	}
	if stocked[0] == 0 || stocked[1] == 0 || stocked[2] == 0 {
		t.Errorf("the sample has %v SKUs by stock, want one out of stock, one last and some plenty", stocked)
	}
}

func FuzzReadCatalogue(f *testing.F) {
	f.Add(string(sampleCatalogue))
	f.Add(header + "A,\"B\"\n")
	f.Fuzz(func(t *testing.T, file string) {
		products, err := readCatalogue(strings.NewReader(file))
		if (err == nil) == (len(products) == 0) {
			t.Errorf("%d products and error %v", len(products), err)
		}
		for _, p := range products {
			if p.unitPrice < 0 || p.stocked < 0 || p.weightGrams < 0 || p.sku == "" || p.name == "" {
				t.Errorf("accepted %+v", p)
			}
		}
	})
}
