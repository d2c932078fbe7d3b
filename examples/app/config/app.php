<?php

return ["name" => "example", "locale" => "en"];
